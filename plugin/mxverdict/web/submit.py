"""Runs what a form asked for and leads the browser to the page that shows it."""

from __future__ import annotations

from collections.abc import Callable

from mxverdict.host import Host
from mxverdict.web import jobs
from mxverdict.web.response import NO_STORE, Response
from mxverdict.web.visitor import Visitor

PATIENCE = 2.5
"""Seconds that a form waits for quick work, so that most pages come back with the result."""


def submit(host: Host, visitor: Visitor, work: Callable[[], str], response: Response) -> None:
    job = jobs.start(host, work, owner=visitor.user)
    assert job is not None  # a job without a fixed name always starts
    jobs.wait(host, job, PATIENCE)
    lead_to(f"?job={job}", response)


def lead_to(target: str, response: Response) -> None:
    """`target` is a relative address (`?…`) of ours, made of harmless characters."""
    response.begin(303, "text/html; charset=utf-8", ("Location", target), NO_STORE)
    response.write(f'<!DOCTYPE html><title>MX Verdict</title><a href="{target}">Go on</a>\n')
