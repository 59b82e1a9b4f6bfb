"""The report in hand: a form to paste it into, and the answer to it row by row."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Optional

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.auth.admission import is_part
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import HTML, NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import send
from mxverdict.web.tasks import checks

if TYPE_CHECKING:
    from mxverdict.pasted import Answer, Explanation


class PastedAnswer(NamedTuple):
    """What is shown of a pasted `text`; `explanation` is None when it could not be judged, `taken_at` the
    Unix time of the check behind it. `omitted` more rows are not shown."""

    text: str
    about: str
    explanation: Optional[Explanation] = None
    taken_at: float = 0.0
    omitted: int = 0


ROWS_SHOWN = 200
"""Rows of an answer that the page shows; the file to download holds all."""


@dataclass(frozen=True)
class AnsweredSoFar:
    """What is answered of the `count` rows while the check behind them runs; `looking` as in RunningView."""

    answers: tuple[Answer, ...]
    looking: tuple[str, ...]
    count: int


def show(host: Host, request: Request, response: Response, refused: Optional[HttpError] = None) -> None:
    """Shows what the job named in the request does or has found; starts nothing. `refused` is why the form
    was not taken."""
    visitor, in_part = request.visitor, is_part(request, "explain") and not refused
    if in_part:
        response.begin(200, HTML, NO_STORE)
    seen = page_state.load_page_state(host, request)
    running = seen.job is not None and seen.job.state == "running"
    name = request.query.get("job", "")
    answered = _answered(host, visitor, name) if name.startswith(checks.PASTED) and not running else None
    if refused:
        answered = PastedAnswer(request.form.get("text", ""), request.form.get("about", ""))
    send(
        host,
        response,
        "explain_body.html" if in_part else "explain.html",
        here="explain",
        title=_("A report in hand"),
        look=lambda: seen,
        watched=page_state.without_job(host, seen),
        running=running,
        found=_so_far(host, visitor, name) if name.startswith(checks.PASTED) and running else None,
        asked=bool(name),
        answered=answered,
        refused=refused,
        now=time.time,
    )


def _so_far(host: Host, visitor: Visitor, name: str) -> Optional[AnsweredSoFar]:
    """None when nothing is known yet."""
    audience = visitor.audience
    pasted, found = checks.pasted(host, name, audience), checks.so_far(host, name, audience)
    if pasted is None or found is None:
        return None
    from mxverdict.services import pasted_report
    from mxverdict.web.views.running import answered_so_far, looking

    rows = pasted.report
    about = [pasted.about] if pasted.about else []
    own = {asked.name: asked.addresses for asked in found.evidence.asked}
    explanation = pasted_report.StoredPastedReport(found.evidence, found.report, own).explain(rows, about)
    answers = answered_so_far(explanation, found.complete)
    return AnsweredSoFar(answers[:ROWS_SHOWN], looking(found.complete), len(rows.rows))


def _answered(host: Host, visitor: Visitor, name: str) -> Optional[PastedAnswer]:
    """None when nothing is kept under that name."""
    pasted = checks.pasted(host, name, visitor.audience)
    if pasted is None:
        return None
    explanation = explained(pasted)
    if explanation is None:
        return PastedAnswer(pasted.text, pasted.about)
    answers, unrecognised = explanation.answers[:ROWS_SHOWN], explanation.unrecognised[:ROWS_SHOWN]
    omitted = len(explanation.answers) + len(explanation.unrecognised) - len(answers) - len(unrecognised)
    shown = replace(explanation, answers=answers, unrecognised=unrecognised)
    return PastedAnswer(pasted.text, pasted.about, shown, pasted.taken_at, omitted)


def explained(pasted: checks.PastedAnswerPartial) -> Optional[Explanation]:
    """The answer to a pasted report; None when it was not judged."""
    if pasted.checked is None:
        return None
    return pasted.checked.explain(pasted.report, [pasted.about] if pasted.about else [])
