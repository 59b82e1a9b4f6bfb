"""The report in hand: a form to paste it into, and the answer to it row by row."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Optional

from mxverdict.explain import Explanation, recognise
from mxverdict.host import Host
from mxverdict.web import checks, rights, standing
from mxverdict.web.page import send
from mxverdict.web.request import Request
from mxverdict.web.response import Response


@dataclass(frozen=True)
class Answered:
    """What is shown of a pasted `text`; `explanation` is None when it could not be judged, `taken_at` the
    Unix time of the check behind it."""

    text: str
    about: str
    explanation: Optional[Explanation] = None
    taken_at: float = 0.0


def show(host: Host, request: Request, response: Response) -> None:
    """Shows what the job named in the request does or has found; starts nothing."""
    rights.own_job(request.visitor, request.query.get("job", ""))
    response.begin_page()
    if response.head_only:
        return
    seen = standing.look(host, request)
    running = seen.job is not None and seen.job.state == "running"
    name = request.query.get("job", "")
    send(
        host,
        response,
        "explain.html",
        here="explain",
        title="A report in hand · MX Verdict",
        look=lambda: seen,
        running=running,
        asked=bool(name),
        answered=_answered(host, name) if name.startswith(checks.PASTED) and not running else None,
        now=time.time,
    )


def _answered(host: Host, name: str) -> Optional[Answered]:
    """None when nothing is kept under that name."""
    pasted = checks.pasted(host, name)
    if pasted is None:
        return None
    if pasted.checked is None:
        return Answered(pasted.text, pasted.about)
    about = [pasted.about] if pasted.about else []
    explanation = pasted.checked.explain(recognise(pasted.text), about)
    return Answered(pasted.text, pasted.about, explanation, pasted.taken_at)
