"""Runs what a form asked for and leads the browser to the page that shows it."""

from __future__ import annotations

from collections.abc import Callable

from mxverdict.host import Host
from mxverdict.web.http.response import NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue

PATIENCE = 2.5
"""Seconds that a form waits for quick work, so that most pages come back with the result."""


_BACK_TO = ("log", "settings")
"""Views whose forms lead back to them; all others lead to the first page."""


def submit(
    host: Host, visitor: Visitor, work: Callable[[], str], response: Response, came_from: str = ""
) -> None:
    """`came_from` is the view that the form said it stands on. Raises HttpError for one change too many of a
    reseller's."""
    job = queue.start(host, work, owner=visitor.user, limited=not visitor.is_root)
    assert job is not None  # a job without a fixed name always starts
    queue.wait(host, job, PATIENCE)
    view = f"view={came_from}&" if came_from in _BACK_TO else ""
    redirect(f"?{view}job={job}", response)


def redirect(target: str, response: Response) -> None:
    """`target` is a relative address (`?…`) of ours, made of harmless characters."""
    response.begin(303, "text/html; charset=utf-8", ("Location", target), NO_STORE)
    response.write(f'<!DOCTYPE html><title>MX Verdict</title><a href="{target}">Go on</a>\n')
