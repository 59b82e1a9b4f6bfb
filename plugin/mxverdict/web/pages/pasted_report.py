"""A pasted report: a form to paste it into, and the answer to it row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.pages import page_state
from mxverdict.web.pages.render import Shell, render
from mxverdict.web.tasks import checks

if TYPE_CHECKING:
    from mxverdict.pasted import Answer, Explanation
    from mxverdict.web.pages.page_state import PageState


@dataclass(frozen=True)
class PastedAnswer:
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
class PastedAnswerPartial:
    """What is answered of the `count` rows while the check behind them runs; `pending` as in RunningView."""

    answers: tuple[Answer, ...]
    pending: tuple[str, ...]
    count: int


def show(host: Host, request: Request, shell: Shell, refused: Optional[HttpError] = None) -> Iterator[str]:
    """Shows what the job named in the request does or has found; starts nothing. `refused` is why the form
    was not taken."""
    yield shell.top(_("A report in hand"), "progress.js")
    values = _values(host, request)
    if refused:
        values["answered"] = PastedAnswer(request.form.get("text", ""), request.form.get("about", ""))
    state: PageState = values["seen"]
    job = state.job.name if state.job else ""
    yield shell.page(
        shell.render("pasted_report.html", refused=refused, **values),
        here="explain",
        state=state,
        data=page_state.without_job(host, state).data,
        reload=(state.refresh if values["running"] else 0, f"?view=explain&job={job}"),
    )


def send_rows(host: Host, request: Request) -> Response:
    """Return the page's content alone, for its script while a check runs."""
    content = render(host, "pasted_report.html", refused=None, **_values(host, request))
    return Response([content], headers=(NO_STORE,))


def _values(host: Host, request: Request) -> dict[str, Any]:
    visitor, name = request.visitor, request.query.get("job", "")
    state = page_state.load_page_state(host, request)
    running = state.job is not None and state.job.is_running
    is_report = name.startswith(checks.PASTED)
    return {
        "seen": state,
        "running": running,
        "found": _partial(host, visitor, name) if is_report and running else None,
        "asked": bool(name),
        "answered": _answered(host, visitor, name) if is_report and not running else None,
    }


def _partial(host: Host, visitor: Visitor, name: str) -> Optional[PastedAnswerPartial]:
    """None when nothing is known yet."""
    audience = visitor.audience
    pasted, found = checks.pasted(host, name, audience), checks.partial(host, name, audience)
    if pasted is None or found is None:
        return None
    from mxverdict.services import pasted_report
    from mxverdict.web.views.running import partial_answers, pending

    rows = pasted.report
    about = [pasted.about] if pasted.about else []
    own = {asked.name: asked.addresses for asked in found.evidence.asked}
    explanation = pasted_report.StoredPastedReport(found.evidence, found.report, own).explain(rows, about)
    answers = partial_answers(explanation, found.complete)
    return PastedAnswerPartial(answers[:ROWS_SHOWN], pending(found.complete), len(rows.rows))


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


def explained(pasted: checks.PastedReport) -> Optional[Explanation]:
    """The answer to a pasted report; None when it was not judged."""
    if pasted.checked is None:
        return None
    return pasted.checked.explain(pasted.report, [pasted.about] if pasted.about else [])
