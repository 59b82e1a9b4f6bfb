"""All testers side by side, from one check, as the first page makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import Request
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell
from mxverdict.window.model import DELAY_OFF, Window

if TYPE_CHECKING:
    from mxverdict.testers import Tester
    from mxverdict.web.views.compare import Line


@dataclass(frozen=True)
class TesterComparison:
    """`exempt` are the names of the testers that a window exempts from the delay now; `error` is set instead
    of all else when nothing could be checked."""

    lines: tuple[Line, ...] = ()
    taken_at: float = 0.0
    notes: tuple[str, ...] = ()
    exempt: frozenset[str] = frozenset()
    error: Optional[MxVerdictError] = None


def show(host: Host, request: Request, shell: Shell) -> Iterator[str]:
    yield shell.top(_("Testers compared"))
    state = page_state.load_page_state(host, request)
    yield shell.start(
        shell.render("testers_start.html", seen=state),
        here="testers",
        state=state,
        data=state.data,
        reload=(state.refresh if state.busy else 0, "?view=testers"),
    )
    if state.busy:
        yield shell.finish()
    else:
        yield shell.finish(shell.render("testers.html", found=_compared(host, state.windows)))


def _compared(host: Host, windows: Sequence[Window]) -> TesterComparison:
    from mxverdict import testers
    from mxverdict.services import check
    from mxverdict.web.views.compare import compare

    try:
        evidence, report = check.run(host, testers=[testers.ALL])
    except MxVerdictError as error:
        return TesterComparison(error=error)
    known = testers.load(host=host)
    notes = (*report.remarks, *((known.load_error,) if known.load_error else ()))
    lines = compare(evidence, report, known.testers)
    return TesterComparison(lines, report.taken_at, notes, _exempt(windows, known.testers))


def _exempt(windows: Iterable[Window], known: Iterable[Tester]) -> frozenset[str]:
    names = [tester.name for tester in known]
    of_all = [names if window.kind == DELAY_OFF else window.testers for window in windows]
    return frozenset(name for some in of_all for name in some)
