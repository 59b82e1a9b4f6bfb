"""Judges a DMARC record: MXToolbox's rows."""

from __future__ import annotations

from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.findings import Finding, Owner, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.mailauth.dmarc import DmarcRecord, effective, is_record
from mxverdict.testers import row_texts

CATEGORY = "dmarc"
_SHOWN = 500
_LINES = 8
_IGNORED = N_("Receivers act as if the domain had no DMARC record.")
_UNREADABLE = N_("could not be read")


def judge_dmarc(policy: Policy) -> tuple[Finding, ...]:
    """Findings in the order of the tester's rows."""
    unasked = DnsAnswer(policy.domain, "TXT", error=_("it was not looked up"))
    own = policy.dmarc[0] if policy.dmarc else unasked
    if own.error:
        row = _texts("DMARC Record Published").unknown(policy.domain, _(_UNREADABLE))
        return (Finding(row, Verdict.UNKNOWN, _("The record could not be read."), (translate(own.error),)),)
    texts = [text for text in own.records if is_record(text)]
    if len(texts) > 1:
        return (_passes(policy, "DMARC Record Published"), _several(policy, texts))
    record = effective(policy.domain, policy.dmarc)
    if record is None:
        errors = tuple(translate(answer.error) for answer in policy.dmarc if answer.error)
        return tuple(_none(policy, own, errors))
    inherited = (_("inherited from {domain}").format(domain=record.domain),) if record.inherited else ()
    return (
        _passes(policy, "DMARC Record Published", (record.text[:_SHOWN], *inherited)),
        _syntax(policy, record),
        _passes(policy, "DMARC Multiple Records"),
        *_enforced(policy, record),
        _external(policy, record),
    )


def _none(policy: Policy, own: DnsAnswer, errors: tuple[str, ...]) -> list[Finding]:
    near = tuple(
        _("not taken as a DMARC record: {text}").format(text=text[:_SHOWN]) for text in own.records[:_LINES]
    )
    if errors:
        row = _texts("DMARC Record Published").unknown(policy.domain, _(_UNREADABLE))
        why = _("The domain has no record of its own, and those of its parents could not be read.")
        return [Finding(row, Verdict.UNKNOWN, why, (*near, *errors))]
    todo = _(
        'Publish a TXT record at {name}: "v=DMARC1; p=none" is enough for receivers, with rua=mailto:… you '
        "get reports."
    ).format(name=f"_dmarc.{policy.domain}")
    why = _(
        "Mail is delivered without one, but Gmail, Yahoo and Microsoft ask it of whoever sends them mail in "
        "bulk, and forged mail of the domain is not told apart."
    )
    published = _texts("DMARC Record Published").fails(policy.domain)
    enabled = _texts("DMARC Policy Not Enabled").fails(policy.domain)
    again = _("It is the same finding once more: there is no record.")
    return [
        Finding(published, Verdict.ADVISORY, why, near, todo, Owner.ZONE),
        Finding(enabled, Verdict.ADVISORY, again, (), todo),
    ]


def _several(policy: Policy, texts: list[str]) -> Finding:
    row = _texts("DMARC Multiple Records").fails(policy.domain)
    proof = tuple(text[:_SHOWN] for text in texts[:_LINES])
    counts = _("With {count} records none of them counts (RFC 7489 section 6.6.3).").format(count=len(texts))
    todo = _("Keep one and delete the others.")
    return Finding(row, Verdict.PROBLEM, f"{counts} {_(_IGNORED)}", proof, todo, Owner.ZONE)


def _syntax(policy: Policy, record: DmarcRecord) -> Finding:
    name = "DMARC Syntax Check"
    where = _("at {name}: {text}").format(name=f"_dmarc.{record.domain}", text=record.text[:_SHOWN])
    row = _texts(name).fails(policy.domain)
    if record.error:
        todo = _("Correct the record.")
        proof = (translate(record.error)[:_SHOWN], where)
        return Finding(row, Verdict.PROBLEM, _(_IGNORED), proof, todo, Owner.ZONE)
    if record.malformed_destinations:
        wrong = [uri[:_SHOWN] for uri in record.malformed_destinations[:_LINES]]
        lines = (*(_("no mail address: {uri}").format(uri=uri) for uri in wrong), where)
        why = _(
            "The policy holds, but no reports go to a destination that is not written mailto:name@domain."
        )
        return Finding(row, Verdict.ADVISORY, why, lines, _("Correct the destination."), Owner.ZONE)
    return _passes(policy, name)


def _enforced(policy: Policy, record: DmarcRecord) -> list[Finding]:
    name = "DMARC Policy Not Enabled"
    if record.error:
        return []
    share = f"{record.percent} %"
    lines = _("p={policy}, for {share} of the mail").format(policy=record.policy, share=share)
    if record.policy != "none":
        return [_passes(policy, name, (lines,))]
    why = _(
        "p=none asks receivers to do nothing; mail is delivered as well with it, and big receivers accept it."
    )
    todo = _("Change it to p=quarantine only when reports show that all of the domain's own mail passes.")
    return [Finding(_texts(name).fails(policy.domain), Verdict.ADVISORY, why, (lines,), todo, Owner.ZONE)]


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
        why = _("Receivers send no reports there (RFC 7489 section 7.1); mail itself is not touched by it.")
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


_FINE = {
    "DMARC Record Published": N_("There is a DMARC record."),
    "DMARC Syntax Check": N_("The record can be read."),
    "DMARC Multiple Records": N_("There is one record."),
    "DMARC Policy Not Enabled": N_("The record asks receivers to act on forged mail."),
    "DMARC External Validation": N_("Whoever gets the reports has agreed to."),
}
