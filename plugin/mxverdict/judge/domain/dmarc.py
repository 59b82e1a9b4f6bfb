"""Judges a DMARC record by what receivers do with it: MXToolbox's rows."""

from __future__ import annotations

from typing import Optional

from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.findings import Finding, Owner, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.dmarc_faults import IGNORED, fault_lines, mistake_line, syntax_verdict
from mxverdict.mailauth.dmarc.discovery import DmarcRecord, effective
from mxverdict.mailauth.dmarc.record import Effect, FaultKind, is_meant_as_record, is_record
from mxverdict.testers import row_texts

CATEGORY = "dmarc"
_SHOWN = 500
_LINES = 8
_UNREADABLE = N_("could not be read")


def judge_dmarc(policy: Policy) -> tuple[Finding, ...]:
    """Findings in the order of the tester's rows."""
    unasked = DnsAnswer(policy.domain, "TXT", error=_("it was not looked up"))
    own = policy.dmarc[0] if policy.dmarc else unasked
    if own.error:
        row = _texts("DMARC Record Published").unknown(policy.domain, _(_UNREADABLE))
        return (Finding(row, Verdict.UNKNOWN, _("The record could not be read."), (translate(own.error),)),)
    exists = policy.spf[0].exists if policy.spf else True
    record = effective(policy.domain, policy.dmarc, exists)
    texts = [text for text in own.records if is_record(text)]
    if len(texts) > 1:
        return (_passes(policy, "DMARC Record Published"), _several(policy, texts, record))
    if record is None:
        errors = tuple(translate(answer.error) for answer in policy.dmarc if answer.error)
        return tuple(_none(policy, own, errors))
    inherited = (_("inherited from {domain}").format(domain=record.domain),) if record.inherited else ()
    return (
        _passes(policy, "DMARC Record Published", (record.record.text[:_SHOWN], *inherited)),
        _syntax(policy, record),
        _passes(policy, "DMARC Multiple Records"),
        *_enforced(policy, record),
        _external(policy, record),
    )


def _none(policy: Policy, own: DnsAnswer, errors: tuple[str, ...]) -> list[Finding]:
    meant = [text for text in own.records[:_LINES] if is_meant_as_record(text)]
    near = [_("not taken as a DMARC record: {text}").format(text=text[:_SHOWN]) for text in own.records]
    proof = (*near[:_LINES], *dict.fromkeys(map(mistake_line, meant)), *_discarded(policy))
    if errors:
        row = _texts("DMARC Record Published").unknown(policy.domain, _(_UNREADABLE))
        why = _("The domain has no record of its own, and those of its parents could not be read.")
        return [Finding(row, Verdict.UNKNOWN, why, (*proof, *errors))]
    name = f"_dmarc.{policy.domain}"
    todo = _(
        'Publish a TXT record at {name}: "v=DMARC1; p=none" is enough for receivers, with rua=mailto:… you '
        "get reports."
    ).format(name=name)
    if meant:
        todo = _('Correct the record at {name}: it has to start with "v=DMARC1;".').format(name=name)
    demands = _(
        "Gmail, Yahoo and Microsoft require a DMARC record of bulk senders, and defer, refuse or junk their "
        "mail without one. Other mail is delivered, but receivers cannot tell forged mail of the domain from "
        "real mail."
    )
    why = f"{_(IGNORED)} {demands}" if meant else demands
    published = _texts("DMARC Record Published").fails(policy.domain)
    enabled = _texts("DMARC Policy Not Enabled").fails(policy.domain)
    again = _("It is the same finding once more: there is no record.")
    return [
        Finding(published, Verdict.PROBLEM, why, (*proof, *map(_, _DEMANDS)), todo, Owner.ZONE),
        Finding(enabled, Verdict.ADVISORY, again, (), todo),
    ]


def _discarded(policy: Policy) -> tuple[str, ...]:
    counts = [(answer.name, sum(map(is_record, answer.records))) for answer in policy.dmarc]
    return tuple(
        _("{count} records at {name}: none of them counts").format(count=count, name=name)
        for name, count in counts
        if count > 1
    )


def _several(policy: Policy, texts: list[str], inherited: Optional[DmarcRecord]) -> Finding:
    row = _texts("DMARC Multiple Records").fails(policy.domain)
    proof = tuple(text[:_SHOWN] for text in texts[:_LINES])
    counts = _("With {count} records none of them counts (RFC 9989 section 4.10).").format(count=len(texts))
    effect = _(IGNORED)
    if inherited is not None and inherited.policy:
        effect = _("Receivers take the record of {domain} instead: {policy}.").format(
            domain=inherited.domain, policy=f"p={inherited.policy}"
        )
    todo = _("Keep one and delete the others.")
    return Finding(row, Verdict.PROBLEM, f"{counts} {effect}", proof, todo, Owner.ZONE)


def _syntax(policy: Policy, record: DmarcRecord) -> Finding:
    name = "DMARC Syntax Check"
    lines = fault_lines(record.record)[:_LINES]
    wrong = [fault for fault in record.record.faults if not fault.allowed]
    if not wrong:
        return _passes(policy, name, lines)
    row = _texts(name).fails(policy.domain)
    where = _("at {name}: {text}").format(name=f"_dmarc.{record.domain}", text=record.record.text[:_SHOWN])
    verdict, why = syntax_verdict(record.record)
    todo = _("Correct the record.")
    if all(fault.effect is Effect.NO_REPORTS for fault in wrong):
        todo = _("Correct the destination.")
    return Finding(row, verdict, why, (*lines, where), todo, Owner.ZONE)


def _enforced(policy: Policy, record: DmarcRecord) -> list[Finding]:
    name = "DMARC Policy Not Enabled"
    if not record.policy:
        return []
    lines = [f"p={record.requested}"]
    share = [f for f in record.record.faults if f.tag == "pct" and f.kind is FaultKind.HISTORIC_TAG]
    for fault in share:
        lines.append(
            _(
                "pct={percent} is ignored since RFC 9989; receivers that still follow RFC 7489 apply the "
                "policy to that share of the mail"
            ).format(percent=fault.value)
        )
    if record.requested != "none":
        if record.record.testing:
            lines.append(
                _(
                    "t=y: the policy is being tested, and receivers apply {policy} (RFC 9989 section 4.7)"
                ).format(policy=record.policy)
            )
        return [_passes(policy, name, tuple(lines))]
    why = _(
        "p=none asks receivers to do nothing. Mail is delivered as well with it, and Gmail, Yahoo and "
        "Microsoft accept it. MXToolbox keeps reporting this row until the policy is quarantine or reject."
    )
    todo = _("Change it to p=quarantine only when reports show that all of the domain's own mail passes.")
    return [Finding(_texts(name).fails(policy.domain), Verdict.ADVISORY, why, tuple(lines), todo, Owner.ZONE)]


def _external(policy: Policy, record: DmarcRecord) -> Finding:
    name = "DMARC External Validation"
    errors = tuple(translate(d.answer.error) for d in policy.destinations if d.answer.error)
    refusing = [
        destination.domain
        for destination in policy.destinations
        if not destination.answer.error and not any(map(is_record, destination.answer.records))
    ]
    if refusing:
        names = [f"{record.domain}._report._dmarc.{domain}" for domain in refusing]
        proof = tuple(_('no "v=DMARC1" at {name}').format(name=name) for name in names)
        why = _("Receivers send no reports there (RFC 9990 section 4); mail itself is not touched by it.")
        todo = _(
            "Ask the owner of that domain to publish it, or have the reports sent to an address of your own."
        )
        row = _texts(name).fails(policy.domain)
        return Finding(row, Verdict.ADVISORY, why, proof, todo, Owner.ZONE)
    if errors:
        row = _texts(name).unknown(policy.domain, _("could not be checked"))
        why = _("What the other domains publish could not be read.")
        return Finding(row, Verdict.UNKNOWN, why, errors)
    return _passes(policy, name)


def _passes(policy: Policy, name: str, details: tuple[str, ...] = ()) -> Finding:
    return Finding(_texts(name).passes(policy.domain, details=details), Verdict.OK, _(_FINE[name]))


def _texts(name: str) -> row_texts.RowTexts:
    return row_texts.load(CATEGORY)[name]


_DEMANDS = (
    N_("Gmail: from 5,000 messages a day, since February 2024 (deferred with 4.7.31, or refused)"),
    N_("Yahoo: bulk senders, since February 2024"),
    N_("Microsoft (Outlook.com): from 5,000 messages a day, since May 2025 (550 5.7.515)"),
)
"""docs/facts/mail-auth.md 3."""
_FINE = {
    "DMARC Record Published": N_("There is a DMARC record."),
    "DMARC Syntax Check": N_("The record can be read."),
    "DMARC Multiple Records": N_("There is one record."),
    "DMARC Policy Not Enabled": N_("The record asks receivers to act on forged mail."),
    "DMARC External Validation": N_("Whoever gets the reports has agreed to."),
}
