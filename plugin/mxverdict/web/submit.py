"""Runs what a form asked for and leads the browser back to the page."""

from __future__ import annotations

from collections.abc import Callable

from mxverdict.host import Host
from mxverdict.web import jobs
from mxverdict.web.response import NO_STORE, Response

_PATIENCE = 2.5
"""Seconds that a form waits for quick work, so that most pages come back with the result."""


def submit(host: Host, work: Callable[[], str], response: Response) -> None:
    job = jobs.start(host, work)
    assert job is not None  # a job without a fixed name always starts
    jobs.wait(host, job, _PATIENCE)
    target = f"?job={job}"
    response.begin(303, "text/html; charset=utf-8", ("Location", target), NO_STORE)
    response.write(f'<!DOCTYPE html><title>MX Verdict</title><a href="{target}">Go on</a>\n')
