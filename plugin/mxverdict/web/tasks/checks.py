"""Checks that outlive the request: each a job whose result is the evidence, judged anew when it is shown."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.errors import UsageError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import Message
from mxverdict.web.auth import permissions
from mxverdict.web.http.fields import parse_target_field
from mxverdict.web.http.request import HttpError
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import Job, JobHandle
from mxverdict.web.tasks.submit import PATIENCE

if TYPE_CHECKING:
    from mxverdict import pasted as pasted_reports
    from mxverdict.evidence import Evidence
    from mxverdict.evidence.audience import Audience
    from mxverdict.findings import Report
    from mxverdict.services import pasted_report
    from mxverdict.web.jobs.progress_writer import ProgressWriter

_PROCESS_TIMEOUT = 300
"""Seconds after which the process of a check is ended, so that nothing blocks the next check for ever."""
_RECENT = 8
_CHECKED = Message("{target} is checked.")
_READING = Message("reading the report")
_JUDGED = Message("The report is judged.")
PASTED = "pasted-"
"""How the names of the jobs begin that judge a pasted report."""


@dataclass(frozen=True)
class StoredCheck:
    """A stored result, judged, without what its reader may not see."""

    evidence: Evidence
    report: Report


@dataclass(frozen=True)
class PartialCheck:
    """A partial result of a running check, likewise: the rows of the categories that are `complete`."""

    evidence: Evidence
    report: Report
    complete: frozenset[str]


@dataclass(frozen=True)
class PastedReport:
    """A pasted report as it is kept; `report` is what was recognised in its text, `checked` what it is
    answered from (None: it was not judged), `taken_at` the Unix time of that."""

    text: str
    about: str
    report: pasted_reports.Pasted
    checked: Optional[pasted_report.StoredPastedReport] = None
    taken_at: float = 0.0


def domain_job(target: str) -> str:
    """Return the name of the job that checks `target`, which is the same for everybody."""
    return queue.ABOUT_DOMAIN + hashlib.sha256(target.encode()).hexdigest()[:32]


def recent(host: Host, visitor: Visitor) -> list[Job]:
    """Return the latest checks of the visitor's domains, one for each."""
    found = (
        job
        for job in queue.list_titled(host, queue.ABOUT_DOMAIN)
        if permissions.owns_target(visitor, job.title)
    )
    return list(islice(found, _RECENT))


def start_domain(host: Host, visitor: Visitor, form: Mapping[str, str]) -> str:
    """Start the check of `form["domain"]` unless it runs already, and return the address of its page. Raises
    HttpError for what is malformed or not the visitor's."""
    target = parse_target_field(form.get("domain", ""))
    permissions.require_domain(visitor, target)
    name = domain_job(target)

    def work(handle: JobHandle) -> str:
        handle.save_result(_evidence(host, handle, target, visitor))
        return _CHECKED.format(target=target)

    if queue.start_with_handle(host, work, name, target, owner=visitor.user, limited=not visitor.is_root):
        queue.wait(host, name, PATIENCE)
    return f"?view=domain&domain={target}"


def stored(result: Any, audience: Audience) -> Optional[StoredCheck]:
    """Return the `result` of a check (see `queue.result`), judged for `audience`; None when there is none or
    another version wrote it."""
    from mxverdict import evidence
    from mxverdict.services import check

    if not isinstance(result, dict):
        return None
    try:
        collected = evidence.seen_by(evidence.from_json(result.get("evidence")), audience)
        return StoredCheck(collected, check.judge_evidence(collected, audience=audience))
    except (ValueError, UsageError):
        return None


def partial(host: Host, name: str, audience: Audience) -> Optional[PartialCheck]:
    """Return the partial result of the job of that name, judged for `audience`; None when there is none
    yet."""
    from mxverdict import evidence
    from mxverdict.services import check

    shown = queue.partial(host, name)
    if not isinstance(shown, dict):
        return None
    try:
        collected = evidence.seen_by(evidence.from_json(shown.get("evidence")), audience)
        complete = frozenset(shown.get("complete", ()))
        return PartialCheck(
            collected, check.judge_partial_evidence(collected, complete, audience=audience), complete
        )
    except (ValueError, UsageError):
        return None


def start_pasted(host: Host, visitor: Visitor, form: Mapping[str, str]) -> str:
    """Start the check that `form["text"]`, a pasted report, is answered from, and return the address of the
    answer. Raises HttpError for what is malformed or about more than is the visitor's."""
    text = form.get("text", "")
    if not text.strip():
        raise HttpError(
            400,
            _("Nothing was pasted."),
            hint=_("Paste the text of the report into the field."),
            field="text",
        )
    about = parse_target_field(form["about"], "about") if form.get("about", "").strip() else ""
    if not visitor.is_root:
        _require_own(visitor, text, about)
    from mxverdict.pasted import recognise

    left: dict[str, Any] = {"text": text, "about": about}

    def work(handle: JobHandle) -> str:
        handle.step(_READING)
        report = recognise(text)
        left["report"] = dataclasses.asdict(report)
        handle.save_result(left)
        handle.save_result({**left, "checked": _pasted_evidence(host, handle, report, about, visitor)})
        return _JUDGED

    name = queue.start_with_handle(
        host,
        work,
        PASTED + os.urandom(16).hex(),
        "a report",
        owner=visitor.user,
        limited=not visitor.is_root,
    )
    assert name is not None  # nobody else's job has that name
    queue.wait(host, name, PATIENCE)
    return f"?view=explain&job={name}"


def _require_own(visitor: Visitor, text: str, about: str) -> None:
    """Raises HttpError for a report about others, or about nothing: that would be answered from all of the
    server. Refusals of mail servers alone are answered without it."""
    from mxverdict.pasted import recognise
    from mxverdict.services.pasted_report import subjects_of

    report = recognise(text)
    subjects = [about] if about else []
    subjects += subjects_of(report)
    if not subjects and report.refusals and not report.rows:
        return
    if not subjects:
        raise HttpError(
            400,
            _("The report does not say which domain it is about."),
            hint=_("Name one of your domains in the second field."),
            field="about",
        )
    for subject in subjects:
        permissions.require_domain(visitor, subject)


def pasted(host: Host, name: str, audience: Audience) -> Optional[PastedReport]:
    """Return the pasted report that the job of that name keeps, judged for `audience`; None when it keeps
    none."""
    from mxverdict.services import pasted_report

    left = queue.result(host, name)
    if not isinstance(left, dict):
        return None
    found = left.get("checked")
    kept = PastedReport(left["text"], left["about"], _recognised(left))
    if found is None:
        return kept
    own = {subject: tuple(addresses) for subject, addresses in found["own"].items()}
    unresolved = tuple(found.get("unresolved", ()))
    if found["evidence"] is None:
        return dataclasses.replace(
            kept,
            checked=pasted_report.StoredPastedReport(None, None, own, unresolved),
            taken_at=found["taken_at"],
        )
    checked = stored(found, audience)
    if checked is None:
        return kept
    answerable = pasted_report.StoredPastedReport(checked.evidence, checked.report, own, unresolved)
    return dataclasses.replace(kept, checked=answerable, taken_at=found["taken_at"])


def _recognised(left: Mapping[str, Any]) -> pasted_reports.Pasted:
    """Return what the job recognised, or recognise it anew when another version wrote it."""
    from mxverdict import pasted as pasted_reports
    from mxverdict.evidence.decode import decode

    with contextlib.suppress(ValueError):
        found = decode(pasted_reports.Pasted, left.get("report"), "report")
        assert isinstance(found, pasted_reports.Pasted)
        return found
    return pasted_reports.recognise(left["text"])


def _evidence(host: Host, handle: JobHandle, target: str, visitor: Visitor) -> dict[str, Any]:
    """Check `target` and return the evidence as JSON. Raises what `check.run` raises."""
    import signal

    from mxverdict import evidence
    from mxverdict.audit.checks import audit_check, audit_failure, counted_findings
    from mxverdict.services import check

    signal.alarm(_PROCESS_TIMEOUT)
    actor = visitor.actor
    with audit_failure(host, actor, [target]), _progress(handle) as progress:
        collected, report = check.run(host, targets=[target], progress=progress)
    if not visitor.is_root:
        report = check.judge_evidence(collected, audience=visitor.audience)
    audit_check(host, actor, [target], [one.verdict for one in counted_findings(report)])
    return {"evidence": evidence.to_json(collected)}


def _pasted_evidence(
    host: Host, handle: JobHandle, report: pasted_reports.Pasted, about: str, visitor: Visitor
) -> dict[str, Any]:
    """Check what a pasted report is about and return the evidence as JSON, None for a report without rows."""
    import signal

    from mxverdict import evidence
    from mxverdict.audit.checks import audit_check, audit_failure
    from mxverdict.services import pasted_report

    signal.alarm(_PROCESS_TIMEOUT)
    checked = None
    if report.rows or report.refusals:
        named = [about] if about else []
        actor = visitor.actor
        with audit_failure(host, actor, named), _progress(handle) as progress:
            checked = pasted_report.run(host, report, about=named, progress=progress)
        answers = checked.seen_by(visitor.audience).explain(report, named).answers
        audit_check(host, actor, list(checked.own), [one.verdict for one in answers])
    collected = checked.evidence if checked else None
    return {
        "evidence": evidence.to_json(collected) if collected else None,
        "own": checked.own if checked else {},
        "unresolved": checked.unresolved if checked else (),
        "taken_at": collected.taken_at if collected else time.time(),
    }


def _progress(handle: JobHandle) -> ProgressWriter:
    from mxverdict.evidence import to_json
    from mxverdict.web.jobs.progress_writer import ProgressWriter

    return ProgressWriter(
        handle, lambda found, complete: {"evidence": to_json(found), "complete": sorted(complete)}
    )
