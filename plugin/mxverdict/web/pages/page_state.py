"""The state that a page is drawn from: windows, the visitor's job, the token of the forms."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

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
from mxverdict.web.pages import page_version
from mxverdict.web.tasks.window_forms import REASON_LIMIT
from mxverdict.window import Window
from mxverdict.window.model import DELAY_OFF, OPEN

_HISTORY = 20
_REFRESH_BUSY = 3
_REFRESH_OPEN = 60
_REFRESH_AWAITED = 10
_RECENT = 900.0


@dataclass(frozen=True)
class PageState:
    """`permanent` entries are in force; `load_error` says why windows cannot be read, `keeper_error` why the
    keeper could not run; `token` is "" when no form may be shown. `loaded_at` is Unix time."""

    windows: tuple[Window, ...]
    history: tuple[Window, ...]
    permanent: tuple[Window, ...]
    load_error: Optional[MxVerdictError]
    job: Optional[Job]
    token: str
    testers: tuple[Tester, ...]
    visitor: Visitor
    settings: Settings
    version: str = ""
    keeper_error: Optional[MxVerdictError] = None
    reason_limit: int = REASON_LIMIT
    loaded_at: float = field(default_factory=time.time)

    @property
    def minutes_limit(self) -> int:
        return permissions.minutes_limit(self.settings, self.visitor)

    @property
    def minutes(self) -> int:
        return min(self.settings.minutes, self.minutes_limit)

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

    def is_for_known_testers(self, window: Window) -> bool:
        """Return whether it is for known testers, and no other address."""
        return set(window.testers) <= {one.name for one in self.testers}

    def shows_live_visits(self, window: Window) -> bool:
        is_for_testers = window.until_tested or self.is_for_known_testers(window)
        return self.is_own(window) and (window.kind == DELAY_OFF or is_for_testers)

    def can_identify_tester(self, window: Window) -> bool:
        """Return whether the visit that it was opened for can be distinguished from others."""
        names = window.testers
        return window.until_tested or any(one.addresses for one in self.testers if one.name in names)

    @property
    def busy(self) -> bool:
        return page_version.is_busy(self.windows, self.job, self.loaded_at)

    @property
    def signature(self) -> str:
        return page_version.signature(self.windows, self.job)

    @property
    def data(self) -> Mapping[str, object]:
        """What static/app.js watches."""
        return {
            "version": self.version,
            "signature": self.signature,
            "busy": int(self.busy),
            "job": self.job.name if self.job else "",
            "watch": int(bool(self.windows or self.busy)),
        }

    @property
    def refresh(self) -> int:
        """Seconds after which a page without JavaScript asks again; 0 for never."""
        if self.busy:
            return _REFRESH_BUSY
        awaited = any(one.until_tested and page_version.is_awaited(one) for one in self.windows)
        often = _REFRESH_AWAITED if awaited else _REFRESH_OPEN
        left = [one.seconds_left(self.loaded_at) for one in self.windows if one.state == OPEN]
        return min(often, round(min(left)) + 2) if left else 0

    def titles(self, testers_: Sequence[str]) -> str:
        """`testers.titles` of those that are known here."""
        return testers.titles(testers_, self.testers)

    @property
    def tested(self) -> Optional[Window]:
        """The last window, when a visit of the tester ended it a moment ago and none is open."""
        last = self.history[0] if self.history and not self.windows else None
        if last is not None and last.tested and (last.closed_at or 0.0) > self.loaded_at - _RECENT:
            return last
        return None


def load_page_state(host: Host, request: Request, job_name: str = "") -> PageState:
    """Return the state of the server for the visitor. What is due is set to be closed first.

    `job_name` is the job that the page is about, the one named in the request by default. Raises HttpError
    when WHM does not say whether a job is the visitor's, never MxVerdictError.
    """
    visitor = request.visitor
    name = job_name or request.query.get("job", "")
    version = page_version.version(host, visitor, name)
    windows: tuple[Window, ...] = ()
    history: tuple[Window, ...] = ()
    permanent: tuple[Window, ...] = ()
    load_error: Optional[MxVerdictError] = None
    try:
        page_version.close_expired(host)
        windows = tuple(permissions.redact_window(visitor, one) for one in window.open_windows(host))
        permanent = tuple(window.permanent_entries(host)) if visitor.is_root else ()
        past = (one for one in window.list_windows(host, limit=_HISTORY) if one.finished)
        history = tuple(
            permissions.redact_window(visitor, one) for one in past if permissions.owns_window(visitor, one)
        )
    except MxVerdictError as error:
        load_error = error
    job = queue.read(host, name)
    if not visitor.is_root and (job is None or not permissions.owns_job(visitor, job)):
        job = None
        version = page_version.version(
            host, visitor, ""
        )  # whether others have such a job is not shown either
    return PageState(
        windows,
        history,
        permanent,
        load_error,
        permissions.redact_job(visitor, job),
        _token(host, visitor),
        testers.load(host=host).testers,
        visitor,
        settings.read(host),
        version,
        installation.keeper_failure(host) if visitor.is_root else None,
    )


def without_job(host: Host, state: PageState) -> PageState:
    """Return the state for a page whose own script follows its job: what else is watched there."""
    return replace(state, job=None, version=page_version.version(host, state.visitor, ""))


def _token(host: Host, visitor: Visitor) -> str:
    try:
        return csrf.make_token(host, visitor.user, visitor.session)
    except OSError:
        return ""
