"""The open test windows as the first page shows them, with what the log says of visits meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mxverdict.host import Host
from mxverdict.window import Window
from mxverdict.window.model import OPEN

if TYPE_CHECKING:
    from mxverdict.web.pages.page_state import PageState

TestPage = tuple[str, str]
"""Title of a tester, and the address where its test of this server is run."""


@dataclass(frozen=True)
class WindowCard:
    """`visits` has a line for each visit, None where they are not shown; `tester_known`: the visit that is
    waited for can be distinguished from others."""

    window: Window
    own: bool
    seconds_left: float
    test_pages: tuple[TestPage, ...] = ()
    visits: Optional[tuple[str, ...]] = None
    tester_known: bool = False


@dataclass(frozen=True)
class WindowsView:
    """`test_pages` are those of all open windows; `tested` is the window that a visit of the tester ended a
    moment ago, `printed` title and text of what testers say of those visits."""

    cards: tuple[WindowCard, ...]
    test_pages: tuple[TestPage, ...]
    tested: Optional[Window]
    printed: tuple[tuple[str, str], ...]


def windows_view(host: Host, state: PageState, now: float, name: str = "") -> WindowsView:
    """`now` is Unix time, `name` the server's, "" when it has to be looked up where it is needed."""
    opened = [window for window in state.windows if window.state == OPEN]
    return WindowsView(
        cards=tuple(_card(host, state, window, now, name) for window in state.windows),
        test_pages=_test_pages(host, state, opened, name) if name else (),
        tested=state.tested,
        printed=_printed(host, state.tested) if state.tested else (),
    )


def reload_address(state: PageState) -> str:
    """Return where a first page without JavaScript asks again."""
    return f"?job={state.job.name}" if state.busy and state.job else "?"


def _card(host: Host, state: PageState, window: Window, now: float, name: str) -> WindowCard:
    own, left = state.is_own(window), window.seconds_left(now)
    if window.state != OPEN or left <= 0:
        return WindowCard(window, own, left)
    shows_visits = state.shows_live_visits(window)
    return WindowCard(
        window,
        own,
        left,
        _test_pages(host, state, [window], name) if own else (),
        _visit_lines(host, window) if shows_visits else None,
        state.can_identify_tester(window),
    )


def _test_pages(host: Host, state: PageState, windows: Sequence[Window], name: str) -> tuple[TestPage, ...]:
    """Of the testers that `windows` are for."""
    names = {tester for window in windows for tester in window.testers}
    found = [(one.title, one.page) for one in state.testers if one.page and one.name in names]
    if found and not name:
        from mxverdict.collect.server import name_of

        name = name_of(host)
    made = [(title, page.of(name)) for title, page in found]
    return tuple((title, address) for title, address in made if address)


def _visit_lines(host: Host, window: Window) -> tuple[str, ...]:
    from mxverdict.web.views import live_visits

    return tuple(live_visits.visit_lines(live_visits.observed_visits(host, window)))


def _printed(host: Host, window: Window) -> tuple[tuple[str, str], ...]:
    from mxverdict.web.views import live_visits

    visits = live_visits.observed_visits(host, window)
    return tuple((one.title, one.printed) for one in visits if one.printed)
