"""The report as a file to keep or to send on: of the stored check of a domain, or of a fresh one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Optional

from mxverdict.errors import MxVerdictError
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.web.auth import permissions
from mxverdict.web.http.fields import parse_target_field
from mxverdict.web.http.request import HttpError, Request
from mxverdict.web.http.response import HTML, NO_STORE, Response
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks
from mxverdict.web.tasks.checks import StoredCheck
from mxverdict.window import Window
from mxverdict.window.queries import recent_windows

_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The file carries its style within itself; should a browser show it in place, nothing in it can act."""
_TEXT = "text/plain; charset=utf-8"


def send(host: Host, request: Request) -> Response:
    """`format` is `html` or `text`; `domain` names a stored check, `job` a pasted report. Raises
    HttpError."""
    if "job" in request.query:
        return _explanation(host, request)
    found = _FORMATS.get(request.query.get("format", ""))
    if found is None:
        raise HttpError(404, _("There is no report of that kind."))
    kind, ending, write = found
    asked = request.query.get("domain", "")
    target = parse_target_field(asked) if asked else ""
    if target:
        permissions.require_domain(request.visitor, target)
    else:
        permissions.require_root(request.visitor)
    if request.method == "HEAD":
        about, report, body = target, None, ""
    else:
        checked = _stored(host, request.visitor, target) if target else _fresh(host)
        windows = [one for one in recent_windows(host) if permissions.owns_window(request.visitor, one)]
        report, body = checked.report, write(checked, windows)
        about = target or report.hostname
    disposition = ("Content-Disposition", f'attachment; filename="{_file_name(about, ending, report)}"')
    return Response([body], 200, kind, (NO_STORE, disposition), _POLICY)


def _explanation(host: Host, request: Request) -> Response:
    from mxverdict.report.plain_text import explanation_text
    from mxverdict.web.pages.pasted_report import explained

    name = request.query["job"]
    permissions.require_own_job(request.visitor, name)
    pasted = checks.pasted(host, name, request.visitor.audience) if name.startswith(checks.PASTED) else None
    explanation = explained(pasted) if pasted is not None else None
    if explanation is None or request.query.get("format") != "text":
        raise HttpError(404, _("There is no report of that kind."))
    body = "" if request.method == "HEAD" else explanation_text(explanation)
    disposition = ("Content-Disposition", 'attachment; filename="mxverdict-answer.txt"')
    return Response([body], 200, _TEXT, (NO_STORE, disposition), _POLICY)


def _stored(host: Host, visitor: Visitor, target: str) -> StoredCheck:
    found = checks.stored(queue.result(host, checks.domain_job(target)), visitor.audience)
    if found is None:
        raise HttpError(
            404, _("There is no result for {target}.").format(target=target), hint=_("Check it first.")
        )
    return found


def _fresh(host: Host) -> StoredCheck:
    from mxverdict.services import check

    try:
        return StoredCheck(*check.run(host))
    except MxVerdictError as error:
        why = _("This server could not be checked: {error}.").format(error=translate(error))
        raise HttpError(503, why, hint=translate(error.hint)) from None


def _file_name(about: str, ending: str, report: Optional[Report]) -> str:
    safe = re.sub(r"[^a-z0-9.-]+", "-", about.lower()).strip(".-")[:80]
    moment = time.strftime("%Y%m%d-%H%M", time.localtime(report.taken_at)) if report else ""
    return "-".join(part for part in ("mxverdict", safe, moment) if part) + ending


def _html(checked: StoredCheck, windows: Sequence[Window]) -> str:
    from mxverdict.report.html import report_html

    return report_html(checked.report, checked.evidence, windows)


def _text(checked: StoredCheck, windows: Sequence[Window]) -> str:
    from mxverdict.report.plain_text import report_text

    return report_text(checked.report, checked.evidence, windows)


_FORMATS: Mapping[str, tuple[str, str, Callable[[StoredCheck, Sequence[Window]], str]]] = {
    "html": (HTML, ".html", _html),
    "text": (_TEXT, ".txt", _text),
}
