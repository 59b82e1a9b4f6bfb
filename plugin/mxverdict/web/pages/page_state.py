"""How things stand when the page is drawn: windows, the visitor's job, the token of the forms."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple, Optional

from mxverdict import installation, settings, testers, window
from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.settings import Settings
from mxverdict.testers import Tester
from mxverdict.web.auth import permissions
from mxverdict.web.http import csrf
from mxverdict.web.http.request import Request
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import Job
from mxverdict.web.pages import state
from mxverdict.web.tasks.window_forms import REASON_LIMIT
from mxverdict.window import Window
from mxverdict.window.model import DELAY_OFF

_HISTORY = 20
_REFRESH_BUSY = 3
_REFRESH_OPEN = 60
_REFRESH_AWAITED = 10
_LATELY = 900.0


class PageState(NamedTuple):
    """`permanent` entries are in force; `trouble` says why windows cannot be read, `keeper` why the keeper
    could not run; `token` is "" when no form may be shown."""

    windows: tuple[Window, ...]
    history: tuple[Window, ...]
    permanent: tuple[Window, ...]
    trouble: Optional[MxVerdictError]
    job: Optional[Job]
    token: str
    testers: tuple[Tester, ...]
    visitor: Visitor
    settings: Settings
    version: str = ""
    keeper: Optional[MxVerdictError] = None
    reason_limit: int = REASON_LIMIT

    @property
    def most_minutes(self) -> int:
        return permissions.most_minutes(self.settings, self.visitor)

    @property
    def minutes(self) -> int:
        return min(self.settings.minutes, self.most_minutes)

    @property
    def tester(self) -> Tester:
        """The one that a window is opened for unless another is chosen."""
        known = [one for one in self.testers if one.addresses]
        return next((one for one in known if one.name == self.settings.tester), known[0])

    @property
    def may_open(self) -> bool:
        return self.visitor.is_root or self.settings.resellers_may_open

    def is_own(self, window: Window) -> bool:
        return permissions.owns_window(self.visitor, window)

    def names_testers_alone(self, window: Window) -> bool:
        """Is it for known testers, and no other address?"""
        return set(window.testers) <= {one.name for one in self.testers}

    def shows_visits(self, window: Window) -> bool:
        is_for_testers = window.until_tested or self.names_testers_alone(window)
        return self.is_own(window) and (window.kind == DELAY_OFF or is_for_testers)

    def knows_visitor(self, window: Window) -> bool:
        """Can the visit that it was opened for be told from others?"""
        names = window.testers
        return window.until_tested or any(one.addresses for one in self.testers if one.name in names)

    @property
    def busy(self) -> bool:
        return state.is_busy(self.windows, self.job)

    @property
    def signature(self) -> str:
        return state.signature(self.windows, self.job)

    @property
    def refresh(self) -> int:
        """Seconds after which a page without JavaScript asks again; 0 for never."""
        if self.busy:
            return _REFRESH_BUSY
        awaited = any(one.until_tested and state.is_awaited(one) for one in self.windows)
        often = _REFRESH_AWAITED if awaited else _REFRESH_OPEN
        left = [one.seconds_left() for one in self.windows if one.state == "open"]
        return min(often, round(min(left)) + 2) if left else 0

    def titles(self, testers_: Sequence[str]) -> str:
        """`testers.titles` of those that are known here."""
        return testers.titles(testers_, self.testers)

    def pages(self, windows: Sequence[Window], name: str) -> list[tuple[str, str]]:
        """Title and address where the test of this server is run, of the testers that `windows` are for;
        `name` is the server's, "" when it has to be asked for."""
        names = {name for window in windows for name in window.testers}
        found = [(one.title, one.page) for one in self.testers if one.page and one.name in names]
        if found and not name:
            from mxverdict.collect.server import name_of

            name = name_of(self.visitor.host)
        made = [(title, page.of(name)) for title, page in found]
        return [(title, address) for title, address in made if address]

    @property
    def tested(self) -> Optional[Window]:
        """The last window, when a visit of the tester ended it a moment ago and none is open."""
        last = self.history[0] if self.history and not self.windows else None
        lately = last is not None and last.tested and (last.closed_at or 0.0) > time.time() - _LATELY
        return last if lately else None


def load_page_state(host: Host, request: Request, job_name: str = "") -> PageState:
    """`job_name` is the job that the page is about, the one named in the request by default.

    Never raises MxVerdictError. What is due is set to be closed first."""
    visitor = request.visitor
    name = job_name or request.query.get("job", "")
    version = state.version(host, visitor, name)
    windows: tuple[Window, ...] = ()
    history: tuple[Window, ...] = ()
    permanent: tuple[Window, ...] = ()
    trouble: Optional[MxVerdictError] = None
    try:
        state.tend(host)
        windows = tuple(permissions.shown_window(visitor, one) for one in window.open_windows(host))
        permanent = tuple(window.permanent_entries(host)) if visitor.is_root else ()
        past = (one for one in window.list_windows(host, limit=_HISTORY) if one.finished)
        history = tuple(
            permissions.shown_window(visitor, one) for one in past if permissions.owns_window(visitor, one)
        )
    except MxVerdictError as error:
        trouble = error
    job = queue.read(host, name)
    if not visitor.is_root and (job is None or not permissions.owns_job(visitor, job)):
        job = None
        version = state.version(host, visitor, "")  # whether there is one of others is not told either
    job = permissions.shown_job(visitor, job)
    return PageState(
        windows,
        history,
        permanent,
        trouble,
        job,
        _token(host, visitor),
        testers.load(host=host).testers,
        visitor,
        settings.read(host),
        version,
        installation.keeper_failure(host) if visitor.is_root else None,
    )


def without_job(host: Host, seen: PageState) -> PageState:
    """The same for a page whose own script follows its job: what else is watched there."""
    return seen._replace(job=None, version=state.version(host, seen.visitor, ""))


def _token(host: Host, visitor: Visitor) -> str:
    try:
        return csrf.make_token(host, visitor.user, visitor.session)
    except OSError:
        return ""
