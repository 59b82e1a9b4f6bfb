"""Runs what a form asked for, in a job."""

from __future__ import annotations

from collections.abc import Callable

from mxverdict.host import Host
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue

PATIENCE = 2.5
"""Seconds that a form waits for quick work, so that most pages come back with the result."""
_RETURN_VIEWS = ("log", "settings")
"""Views whose forms lead back to them; all others lead to the first page."""


def submit(host: Host, visitor: Visitor, work: Callable[[], str], return_view: str = "") -> str:
    """Start `work` in a job and return the address of the page that shows how it ended.

    `return_view` is the view that the form names as its own. Raises HttpError for one change too many of a
    reseller's.
    """
    job = queue.start(host, work, owner=visitor.user, limited=not visitor.is_root)
    assert job is not None  # a job without a fixed name always starts
    queue.wait(host, job, PATIENCE)
    view = f"view={return_view}&" if return_view in _RETURN_VIEWS else ""
    return f"?{view}job={job}"
