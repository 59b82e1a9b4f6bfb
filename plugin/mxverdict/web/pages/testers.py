"""All testers side by side, from one check, as the first page makes it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import Request
from mxverdict.web.http.response import Response
from mxverdict.web.pages.render import looking, send
from mxverdict.window.model import DELAY_OFF, Window

if TYPE_CHECKING:
    from mxverdict.testers import Tester
    from mxverdict.web.views.compare import Line


@dataclass(frozen=True)
class TesterComparison:
    """`let_past` are the names of the testers that a window lets past now; `error` is set instead of all else
    when nothing could be checked."""

    lines: tuple[Line, ...] = ()
    taken_at: float = 0.0
    remarks: tuple[str, ...] = ()
    let_past: frozenset[str] = frozenset()
    error: Optional[MxVerdictError] = None


def show(host: Host, request: Request, response: Response) -> None:
    def compared(windows: Sequence[Window]) -> TesterComparison:
        response.flush()
        return _compared(host, windows)

    send(
        host,
        response,
        "compare.html",
        here="testers",
        title=_("Testers compared"),
        look=looking(host, request, response),
        compared=compared,
        now=time.time,
    )


def _compared(host: Host, windows: Sequence[Window]) -> TesterComparison:
    from mxverdict import testers
    from mxverdict.services import check
    from mxverdict.web.views.compare import compare

    try:
        evidence, report = check.run(host)
    except MxVerdictError as error:
        return TesterComparison(error=error)
    known = testers.load(host=host)
    remarks = (*report.remarks, *((known.load_error,) if known.load_error else ()))
    lines = compare(evidence, report, known.testers)
    return TesterComparison(lines, report.taken_at, remarks, _let_past(windows, known.testers))


def _let_past(windows: Iterable[Window], known: Iterable[Tester]) -> frozenset[str]:
    names = [tester.name for tester in known]
    of_all = [names if window.kind == DELAY_OFF else list(window.testers) for window in windows]
    return frozenset(name for some in of_all for name in some)
