"""All testers side by side, from one check, as the first page makes it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Optional

from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
from mxverdict.language import gettext as _
from mxverdict.web.page import send
from mxverdict.web.request import Request
from mxverdict.web.response import Response

if TYPE_CHECKING:
    from mxverdict.web.compare_view import Line
    from mxverdict.web.standing import Standing


@dataclass(frozen=True)
class Compared:
    """`error` is set instead of all else when nothing could be checked."""

    lines: tuple[Line, ...] = ()
    taken_at: float = 0.0
    remarks: tuple[str, ...] = ()
    error: Optional[MxVerdictError] = None


def show(host: Host, request: Request, response: Response) -> None:
    response.begin_page()
    if response.head_only:
        return

    @cache
    def look() -> Standing:
        response.flush()
        from mxverdict.web import standing

        return standing.look(host, request)

    def compared() -> Compared:
        response.flush()
        return _compared(host)

    send(
        host,
        response,
        "compare.html",
        here="testers",
        title=_("Testers compared · MX Verdict"),
        look=look,
        compared=compared,
        now=time.time,
    )


def _compared(host: Host) -> Compared:
    from mxverdict import check, testers
    from mxverdict.web.compare_view import compare

    try:
        evidence, report = check.run(host)
    except MxVerdictError as error:
        return Compared(error=error)
    known = testers.load(host=host)
    remarks = (*report.remarks, *((known.trouble,) if known.trouble else ()))
    return Compared(compare(evidence, report, known.testers), report.taken_at, remarks)
