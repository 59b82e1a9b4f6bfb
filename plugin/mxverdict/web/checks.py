"""Checks that outlive the request: each a job whose result is the evidence, judged again when it is shown."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from mxverdict import language
from mxverdict.errors import UsageError
from mxverdict.host import Host
from mxverdict.language import gettext as _
from mxverdict.web import jobs, rights
from mxverdict.web.admission import target_of
from mxverdict.web.jobs import Desk, Job
from mxverdict.web.request import PASTE_ACTION, Refusal
from mxverdict.web.submit import PATIENCE
from mxverdict.web.visitor import Visitor

if TYPE_CHECKING:
    from mxverdict import check_pasted, explain
    from mxverdict.evidence import Evidence
    from mxverdict.evidence.audience import Audience
    from mxverdict.findings import Report
    from mxverdict.web.telling import Telling

_LONGEST = 300
"""Seconds after which the process of a check is ended, so that nothing bars the next check for ever."""
_LATELY = 8
_CHECKED = language.stored("{target} is checked.")
_READING = language.stored("reading the report")
_JUDGED = language.stored("The report is judged.")
PASTED = "pasted-"
"""How the names of the jobs begin that judge a pasted report."""


class Checked(NamedTuple):
    """A stored result, judged, without what the one may not see whom it is shown to."""

    evidence: Evidence
    report: Report


class SoFar(NamedTuple):
    """What a check that runs has found, likewise: the rows of the categories that are `complete`."""

    evidence: Evidence
    report: Report
    complete: frozenset[str]


class Pasted(NamedTuple):
    """A pasted report as it is kept; `report` is what was recognised in its text, `checked` what it is
    answered from (None: it was not judged), `taken_at` the Unix time of that."""

    text: str
    about: str
    report: explain.Pasted
    checked: Optional[check_pasted.Checked] = None
    taken_at: float = 0.0


def domain_job(target: str) -> str:
    """The name of the job that checks `target`: the same for everybody."""
    return jobs.ABOUT_DOMAIN + hashlib.sha256(target.encode()).hexdigest()[:32]


def lately(host: Host, visitor: Visitor) -> list[Job]:
    """The latest checks of the visitor's domains, one for each."""
    found = (job for job in jobs.titled(host, jobs.ABOUT_DOMAIN) if rights.owns(visitor, job.title))
    return list(islice(found, _LATELY))


def start_domain(host: Host, visitor: Visitor, form: Mapping[str, str]) -> str:
    """Start the check of `form["domain"]` unless it runs already; answers the address of its page. Raises
    Refusal for what is malformed or not the visitor's."""
    target = target_of(form.get("domain", ""))
    rights.require_domain(visitor, target)
    name = domain_job(target)

    def work(desk: Desk) -> str:
        desk.keep(_evidence(host, desk, target, visitor))
        return _CHECKED.format(target=target)

    if jobs.start_at_desk(host, work, name, target, owner=visitor.user, limited=not visitor.is_root):
        jobs.wait(host, name, PATIENCE)
    return f"?view=domain&domain={target}"


def stored(result: Any, audience: Audience) -> Optional[Checked]:
    """What a check left (`jobs.result`), judged for `audience`; None when it left nothing or another version
    wrote it."""
    from mxverdict import check, evidence

    if not isinstance(result, dict):
        return None
    try:
        gathered = evidence.seen_by(evidence.from_json(result.get("evidence")), audience)
        return Checked(gathered, check.again(gathered, audience=audience))
    except (ValueError, UsageError):
        return None


def so_far(host: Host, name: str, audience: Audience) -> Optional[SoFar]:
    """What the check in the job of that name has found so far, judged for `audience`; None when nothing
    yet."""
    from mxverdict import check, evidence

    shown = jobs.partial(host, name)
    if not isinstance(shown, dict):
        return None
    try:
        gathered = evidence.seen_by(evidence.from_json(shown.get("evidence")), audience)
        complete = frozenset(shown.get("complete", ()))
        return SoFar(gathered, check.so_far(gathered, complete, audience=audience), complete)
    except (ValueError, UsageError):
        return None


def start_pasted(host: Host, visitor: Visitor, form: Mapping[str, str]) -> str:
    """Start the check behind the answer to `form["text"]`, a pasted report; answers its address. Raises
    Refusal for what is malformed or about more than is the visitor's."""
    text = form.get("text", "")
    if not text.strip():
        raise Refusal(
            400,
            _("Nothing was pasted."),
            advice=_("Paste the text of the report into the field."),
            field="text",
        )
    about = target_of(form["about"], "about") if form.get("about", "").strip() else ""
    if not visitor.is_root:
        _require_own(visitor, text, about)
    from mxverdict.explain import recognise

    left: dict[str, Any] = {"text": text, "about": about}

    def work(desk: Desk) -> str:
        desk.step(_READING)
        report = recognise(text)
        left["report"] = dataclasses.asdict(report)
        desk.keep(left)
        desk.keep({**left, "checked": _pasted_evidence(host, desk, report, about, visitor)})
        return _JUDGED

    name = jobs.start_at_desk(
        host,
        work,
        PASTED + os.urandom(16).hex(),
        "a report",
        owner=visitor.user,
        limited=not visitor.is_root,
    )
    assert name is not None  # nobody else's job has that name
    jobs.wait(host, name, PATIENCE)
    return f"?view=explain&job={name}"


def _require_own(visitor: Visitor, text: str, about: str) -> None:
    """A report about nothing would be answered from the whole server, so that it is refused too."""
    from mxverdict.check_pasted import subjects_of
    from mxverdict.explain import recognise

    subjects = [about] if about else []
    subjects += subjects_of(recognise(text))
    if not subjects:
        raise Refusal(
            400,
            _("The report does not say which domain it is about."),
            advice=_("Name one of your domains in the second field."),
            field="about",
        )
    for subject in subjects:
        rights.require_domain(visitor, subject)


def pasted(host: Host, name: str, audience: Audience) -> Optional[Pasted]:
    """What is kept of a pasted report, judged for `audience`; None when nothing is."""
    from mxverdict import check_pasted

    left = jobs.result(host, name)
    if not isinstance(left, dict):
        return None
    found = left.get("checked")
    kept = Pasted(left["text"], left["about"], _recognised(left))
    if found is None:
        return kept
    own = {subject: tuple(addresses) for subject, addresses in found["own"].items()}
    if found["evidence"] is None:
        return kept._replace(checked=check_pasted.Checked(None, None, own), taken_at=found["taken_at"])
    checked = stored(found, audience)
    if checked is None:
        return kept
    answerable = check_pasted.Checked(checked.evidence, checked.report, own)
    return kept._replace(checked=answerable, taken_at=found["taken_at"])


def _recognised(left: Mapping[str, Any]) -> explain.Pasted:
    """What the job recognised; read from the text again when another version left it."""
    from mxverdict import explain
    from mxverdict.evidence.decode import decode

    with contextlib.suppress(ValueError):
        found = decode(explain.Pasted, left.get("report"), "report")
        assert isinstance(found, explain.Pasted)
        return found
    return explain.recognise(left["text"])


def _evidence(host: Host, desk: Desk, target: str, visitor: Visitor) -> dict[str, Any]:
    """What `target` has to do with this server. Raises what `check.run` raises."""
    import signal

    from mxverdict import check, evidence
    from mxverdict.check_trail import note_check, noting_failure, told

    signal.alarm(_LONGEST)
    actor = visitor.actor
    with noting_failure(host, actor, [target]), _telling(desk) as telling:
        gathered, report = check.run(host, targets=[target], progress=telling)
    if not visitor.is_root:
        report = check.again(gathered, audience=visitor.audience)
    note_check(host, actor, [target], [one.verdict for one in told(report)])
    return {"evidence": evidence.to_json(gathered)}


def _pasted_evidence(
    host: Host, desk: Desk, report: explain.Pasted, about: str, visitor: Visitor
) -> dict[str, Any]:
    """What a pasted report has to do with this server; `evidence` is None for nothing."""
    import signal

    from mxverdict import check_pasted, evidence
    from mxverdict.check_trail import note_check, noting_failure

    signal.alarm(_LONGEST)
    checked = None
    if report.rows:
        named = [about] if about else []
        actor = visitor.actor
        with noting_failure(host, actor, named), _telling(desk) as telling:
            checked = check_pasted.run(host, report, about=named, progress=telling)
        answers = checked.seen_by(visitor.audience).explain(report, named).answers
        note_check(host, actor, list(checked.own), [one.verdict for one in answers])
    gathered = checked.evidence if checked else None
    return {
        "evidence": evidence.to_json(gathered) if gathered else None,
        "own": checked.own if checked else {},
        "taken_at": gathered.taken_at if gathered else time.time(),
    }


def _telling(desk: Desk) -> Telling:
    from mxverdict.evidence import to_json
    from mxverdict.web.telling import Telling

    return Telling(desk, lambda found, complete: {"evidence": to_json(found), "complete": sorted(complete)})


STARTS: Mapping[str, Callable[[Host, Visitor, Mapping[str, str]], str]] = {
    "check": start_domain,
    PASTE_ACTION: start_pasted,
}
"""What the forms that start a check do: each answers the address of the page to go on at."""
