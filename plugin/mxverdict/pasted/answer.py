"""Answers a pasted report row by row with our verdict for this server now."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.evidence.blocklist import BlocklistEvidence
from mxverdict.findings import Owner, Prediction, Report, Verdict
from mxverdict.i18n.catalog import N_, decimal, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.domain import blocklist
from mxverdict.pasted import earlier_state, match
from mxverdict.pasted.earlier_state import Greeting
from mxverdict.pasted.match import LocalTargets, MatchedFinding
from mxverdict.pasted.model import MXTOOLBOX, Pasted, PastedRow, Unrecognised, number
from mxverdict.pasted.refusal_answer import RefusalAnswer, answer_refusal, refusals_sentence
from mxverdict.pasted.summary import opening

_SECONDS = re.compile(r"(\d+(?:[.,]\d+)?) seconds\b")
_NOT_ASKED = BlocklistEvidence((), (), (), ())
_LIKE = 0.5
"""Seconds; times that differ by less are the same."""
_LEVELS = {"ok": N_("a pass"), "warning": N_("a warning"), "error": N_("an error")}
_GONE = N_("Not so today. The tester would print no such row.")
_NO_MAIL = N_("It is about a logo that some mail programs show; mail is delivered without one.")
_NOTHING_FOUND = N_("This row is known, but nothing was found out about it.")


@dataclass(frozen=True)
class Answer:
    """Our answer to one row. `place` is the address or domain that was judged, `now` what the tester would
    print today ("" when not known), `differences` where that and the report part, one sentence each."""

    row: PastedRow
    verdict: Verdict
    why: str
    place: str = ""
    now: str = ""
    differences: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    todo: str = ""
    owner: Optional[Owner] = None


@dataclass(frozen=True)
class OutdatedAnswer(Answer):
    """The answer to a complaint that was true when the report was made and is not now, though the tester
    would repeat it for another reason."""


@dataclass(frozen=True)
class Explanation:
    """`answers` with what complains first, then what passes, each with the worst first; `unrecognised` are
    the lines that look like rows and are none we know; `remarks` say what was left out, `refusals` are the
    answers to refusals of mail servers, the worst first."""

    opening: str
    answers: tuple[Answer, ...]
    unrecognised: tuple[Unrecognised, ...] = ()
    remarks: tuple[str, ...] = ()
    refusals: tuple[RefusalAnswer, ...] = ()

    @property
    def exit_status(self) -> int:
        """Return 1 when something is really wrong, 3 when a complaint or refusal could not be judged."""
        verdicts = [answer.verdict for answer in self.answers]
        refused = [refusal.verdict for refusal in self.refusals]
        if Verdict.PROBLEM in (*verdicts, *refused):
            return 1
        if Verdict.UNKNOWN in refused:
            return 3
        complaints = [answer for answer in self.answers if answer.row.complains]
        return 3 if any(a.verdict is Verdict.UNKNOWN for a in complaints or self.answers) else 0


def answer(
    pasted: Pasted,
    report: Optional[Report],
    own: Optional[Mapping[str, Sequence[str]]] = None,
    blocklists: Optional[BlocklistEvidence] = None,
    unresolved: Collection[str] = (),
) -> Explanation:
    """Answer each row of a pasted report with what is true of this server now.

    `report` is a check of it (None: nothing of what the report is about is this server). `own` maps what the
    report is about, names and addresses in lower case, to the server's addresses they lead to (none: they are
    another's). `blocklists` is what the blocklists said in the same check, `unresolved` are the names
    without any address.
    """
    places = LocalTargets(report, own or {}) if report is not None else None
    lists = blocklists or _NOT_ASKED
    hosts = [match.host_of(row, pasted) for row in pasted.rows]
    greetings = _greetings(pasted, hosts, places)
    answers = [
        _unresolved(row, host)
        if row.category == "smtp" and host in unresolved
        else _answer(row, host, places, lists, greetings.get(host))
        for row, host in zip(pasted.rows, hosts)
    ]
    if any(row.complains and not row.is_headline for row in pasted.rows):
        answers = [replace(one, evidence=(), todo="") if one.row.is_headline else one for one in answers]
    if silence := _silence(pasted):
        text = _("The report itself shows that the tester gave up after {seconds} s without a reply.")
        answers = [_with_proof(one, text.format(seconds=f"{silence:g}")) for one in answers]
    answers.sort(key=lambda one: (not one.row.complains, one.verdict.rank))
    counted = {id(row) for row in pasted.complaints}
    outdated = {id(one.row) for one in answers if isinstance(one, OutdatedAnswer)}
    refusals = tuple(sorted(map(answer_refusal, pasted.refusals), key=lambda one: one.verdict.rank))
    sentences = [refusals_sentence(refusals)]
    if pasted.rows or not refusals:
        judged = [(one.row, one.verdict) for one in answers]
        sentences.insert(0, opening(judged, counted, len(pasted.unrecognised), outdated))
    return Explanation(
        opening=" ".join(filter(None, sentences)),
        answers=tuple(answers),
        unrecognised=pasted.unrecognised,
        remarks=tuple(_notes(pasted)),
        refusals=refusals,
    )


def _greetings(pasted: Pasted, hosts: Sequence[str], places: Optional[LocalTargets]) -> dict[str, Greeting]:
    """Return the greetings that the report proves, by what its rows are about."""
    predictions = places.report.predictions if places is not None else ()
    patience = min((one.patience for one in predictions if one.tester == MXTOOLBOX), default=0.0)
    rows: dict[str, list[PastedRow]] = {}
    for row, host in zip(pasted.rows, hosts):
        rows.setdefault(host, []).append(row)
    found: dict[str, Greeting] = {}
    for host, about in rows.items():
        sessions = [one for one in pasted.sessions if one.address in ("", host)]
        greeting = earlier_state.greeting_of(about, sessions, patience)
        if greeting is not None:
            found[host] = greeting
    return found


def _silence(pasted: Pasted) -> Optional[float]:
    """Return after how many seconds of silence the tester gave up, by the report's own headline or
    transcript."""
    headlines = (row.seconds for row in pasted.rows if row.is_headline)
    return next((seconds for seconds in (*headlines, *(s.gave_up for s in pasted.sessions)) if seconds), None)


def _with_proof(one: Answer, text: str) -> Answer:
    """Return the answer with the proof that the tester timed out: it then reports what it could not see."""
    row = one.row
    seen = row.is_headline or row.category != "smtp" or row.tester != MXTOOLBOX
    return one if seen or one.verdict is Verdict.UNKNOWN else replace(one, evidence=(*one.evidence, text))


def _notes(pasted: Pasted) -> list[str]:
    remarks = []
    if pasted.cut:
        remarks.append(_("The text is too long; its end was not read."))
    if pasted.left_out:
        text = ngettext("{count} more row was not read.", "{count} more rows were not read.", pasted.left_out)
        remarks.append(text.format(count=pasted.left_out))
    if not pasted.rows and pasted.refusals:
        return remarks
    if not any(subject.argument for subject in pasted.subjects) and not any(row.host for row in pasted.rows):
        remarks.append(_("The report does not say what it is about; it is taken to be about this server."))
    return remarks


def _answer(
    row: PastedRow,
    host: str,
    places: Optional[LocalTargets],
    lists: BlocklistEvidence,
    greeting: Optional[Greeting] = None,
) -> Answer:
    if row.category == "bimi":
        return Answer(row, Verdict.ADVISORY if row.complains else Verdict.OK, _(_NO_MAIL), host)
    if row.category == blocklist.CATEGORY:
        return _listed(row, host, places, lists)
    if places is None:
        return _not_ours(row, host)
    found = match.found(row, host, places)
    if found is not None:
        made = _of_then(row, found, greeting) or _judged(row, found)
        return _with_record(made, host, places) if row.rule == "spf.type" and row.complains else made
    if row.category == "smtp" or row.tester != MXTOOLBOX:
        return _without_finding(row, host, places)
    return _not_checked(row, host, places)


def _not_checked(row: PastedRow, host: str, places: LocalTargets) -> Answer:
    """Answer a row about a domain without a finding."""
    if match.is_gone(row, host, places):
        return Answer(row, Verdict.OK, _(_GONE), host)
    if places.domains(host):
        why, todo = _(_NOTHING_FOUND), ""
    elif host:
        why = _("{host} was not checked; only that can answer this row.").format(host=host)
        todo = _("Run: {command}").format(command=f"mxverdict check {host}")
    else:
        why = _("Only the server was checked, and this row is about a domain.")
        todo = _("Run: {command}").format(command="mxverdict check DOMAIN")
    return Answer(row, Verdict.UNKNOWN, why, todo=todo)


def _listed(row: PastedRow, host: str, places: Optional[LocalTargets], lists: BlocklistEvidence) -> Answer:
    """Answer a row of a blocklist, for the first address of ours that it is about."""
    judged = match.in_domains(row, host, places) if places is not None else None
    if judged is not None:
        return _judged(row, judged)
    addresses = (places.addresses(host) if places is not None else None) or ()
    asked = [address for address in addresses if address in lists.addresses]
    finding = blocklist.judge_named(lists, row.name, next(iter((*asked, *addresses)), host))
    if finding.verdict is not Verdict.FALSE_POSITIVE and not addresses:
        return _not_ours(row, host)
    return _judged(row, MatchedFinding(finding, finding.row.host))


def _unresolved(row: PastedRow, host: str) -> Answer:
    why = _("{host} does not resolve: it does not exist, or has no address.").format(host=host)
    todo = _("Correct the name, or give it an address in its zone.")
    return Answer(row, Verdict.UNKNOWN, why, todo=todo)


def _lookup_failed(row: PastedRow, host: str, places: LocalTargets) -> Optional[Answer]:
    """Return the answer about a name whose lookup failed: whether it is this server is not known then."""
    findings = (finding for domain in places.domains(host) for finding in domain.findings)
    failed = (
        finding
        for finding in findings
        if finding.id == "mx.record"
        and finding.row.host.lower() == host
        and finding.verdict is Verdict.UNKNOWN
    )
    return next((Answer(row, f.verdict, f.why, evidence=f.evidence) for f in failed), None)


def _not_ours(row: PastedRow, host: str) -> Answer:
    if host:
        why = _("{host} is not this server; it was not judged by this server's state.").format(host=host)
    else:
        why = _("What the report is about is not this server; it was not judged by this server's state.")
    todo = _("Run MX Verdict on the server that the report is about.")
    return Answer(row, Verdict.UNKNOWN, why, todo=todo)


def _without_finding(row: PastedRow, host: str, places: LocalTargets) -> Answer:
    """Answer a row of an SMTP session without a finding: another's server, a row that is gone, or one we
    lack."""
    addresses = places.addresses(host)
    if not addresses:
        return _lookup_failed(row, host, places) or _not_ours(row, host)
    predictions = [p for p in places.report.predictions if p.server_address in addresses]
    same = [prediction for prediction in predictions if prediction.tester == row.tester]
    if not same:
        return Answer(
            row,
            Verdict.UNKNOWN,
            _("This check did not look at that tester."),
            todo=_("Run: {command}").format(command=f"mxverdict explain --tester {row.tester}"),
        )
    unknown = [f for p in same for f in p.findings if f.verdict is Verdict.UNKNOWN]
    if row.rule in match.GONE and not unknown:
        place = ", ".join(dict.fromkeys(prediction.server_address for prediction in same))
        return Answer(
            row,
            Verdict.OK,
            _(_GONE),
            place,
            evidence=_replies(same),
        )
    evidence = tuple(line for finding in unknown for line in (finding.why, *finding.evidence))
    return Answer(row, Verdict.UNKNOWN, _(_NOTHING_FOUND), evidence=evidence)


def _replies(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    replies = (prediction.session.reply("connect") for prediction in predictions)
    text = _("Exim at CONNECT: {reply}")
    first = (text.format(reply=f"{reply.code} {reply.lines[0]}") for reply in replies if reply is not None)
    return tuple(first)[:1]


def _with_record(one: Answer, host: str, places: LocalTargets) -> Answer:
    """Answer "no SPF record as TXT" with what is said of the record that there is."""
    findings = (finding for domain in places.domains(host) for finding in domain.findings)
    record = next((finding for finding in findings if finding.id == "spf.record"), None)
    if record is None:
        return one
    return replace(one, why=f"{one.why} {record.why}", evidence=(*one.evidence, *record.row.details))


def _of_then(row: PastedRow, found: MatchedFinding, greeting: Optional[Greeting]) -> Optional[Answer]:
    """Return the answer by the state that the report was made in, where that is another than today's."""
    if greeting is None or found.prediction is None or found.instead:
        return None
    then = earlier_state.judge(row, found.finding, found.prediction, greeting)
    if then is None:
        return None
    made = replace(
        _judged(row, found),
        verdict=then.verdict,
        why=then.why,
        differences=(*_differences(row, found), *then.differences),
    )
    return OutdatedAnswer(**vars(made)) if then.outdated else made


def _judged(row: PastedRow, found: MatchedFinding) -> Answer:
    finding = found.finding
    verdict, why = finding.verdict, finding.why
    if row.complains and verdict is Verdict.OK:
        why = f"{_('Not so today.')} {why}"
    if row.complains and verdict is Verdict.NOT_RUN:
        verdict = Verdict.UNKNOWN
        why = f"{_('Today the tester would not get as far as to ask.')} {why}"
    return Answer(
        row,
        verdict,
        why,
        place=found.place,
        now=finding.row.text,
        differences=tuple(_differences(row, found)),
        evidence=finding.evidence,
        todo=finding.todo,
        owner=finding.owner,
    )


def _differences(row: PastedRow, found: MatchedFinding) -> list[str]:
    now = found.finding.row
    text = []
    if found.instead:
        another = _("Today the tester would print another row: {name}, “{text}”.")
        text.append(another.format(name=now.name, text=now.text))
    elif row.is_headline:
        pass
    elif row.level in _LEVELS and now.level in _LEVELS and row.level != now.level:
        other = _("The report has {then}; today it would be {today}.")
        text.append(other.format(then=_(_LEVELS[row.level]), today=_(_LEVELS[now.level])))
    seconds = _SECONDS.search(now.text)
    then, today = row.seconds, number(seconds[1]) if seconds else None
    if then is not None and today is not None and abs(then - today) >= _LIKE and not row.is_headline:
        times = _("The report says {then} s; the prediction for now is {today} s.")
        text.append(times.format(then=decimal(then, 1), today=decimal(today, 1)))
    if row.details and now.details and set(row.details) != set(now.details):
        details = _("The report says: {then} Today: {today}")
        text.append(details.format(then=" ".join(row.details), today=" ".join(now.details)))
    return text
