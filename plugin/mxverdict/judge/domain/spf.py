"""Judges an SPF record: MXToolbox's rows, and whether it allows the mail that this server sends."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.spf_senders import CATEGORY, LINES, REFUSED, SHOWN, SpfCase, judge_senders
from mxverdict.mailauth.spf.evaluate import LOOKUP_LIMIT, NAME_LIMIT, STRANGERS, VOID_LIMIT, check_host
from mxverdict.mailauth.spf.record import is_record, parse
from mxverdict.mailauth.spf.tree import record_of, table, walk
from mxverdict.net.special_ranges import is_public
from mxverdict.testers import row_texts


def judge_spf(policy: Policy, addresses: Sequence[str]) -> tuple[Finding, ...]:
    """Findings about the record, then one for each of `addresses` (those this server sends from)."""
    published = (
        policy.spf[0] if policy.spf else DnsAnswer(policy.domain, "TXT", error=_("it was not looked up"))
    )
    if published.error:
        row = _texts("SPF Record Published").unknown(policy.domain, _("could not be read"))
        return (
            Finding(
                row,
                Verdict.UNKNOWN,
                _("The domain's TXT records could not be read."),
                (translate(published.error),),
            ),
        )
    texts = [text for text in published.records if is_record(text)]
    if len(texts) != 1:
        return tuple(_none(policy, published) if not texts else _several(policy, texts))
    answers = table(policy.spf)
    case = SpfCase(
        policy=policy,
        answers=answers,
        record=parse(texts[0]),
        tree=walk(policy.domain, answers),
        strangers=tuple(check_host(stranger, policy.domain, answers) for stranger in STRANGERS),
        own=tuple((a, check_host(a, policy.domain, answers)) for a in addresses if is_public(a)),
    )
    return (
        _passes(case, "SPF Record Published", (texts[0][:SHOWN],)),
        _deprecated(case),
        _passes(case, "SPF Multiple Records"),
        _after_all(case),
        _syntax(case),
        _lookups(case),
        _loops(case),
        _duplicates(case),
        _pointers(case),
        *_voids(case),
        _mail_hosts(case),
        *judge_senders(case, addresses),
    )


def _none(policy: Policy, published: DnsAnswer) -> list[Finding]:
    todo = _('Publish a TXT record at {domain}, for example "v=spf1 mx a ~all"; cPanel can do it.').format(
        domain=policy.domain
    )
    why = _("Receivers cannot tell who may send mail of this domain; some distrust or refuse it for that.")
    near = tuple(
        _("not taken as an SPF record: {text}").format(text=text[:SHOWN])
        for text in published.records[:LINES]
    )
    findings = [
        Finding(
            _texts("SPF Record Published").fails(policy.domain), Verdict.PROBLEM, why, near, todo, Owner.ZONE
        )
    ]
    if policy.spf_type.records:
        row = _texts("SPF Record Deprecated").fails(policy.domain)
        why = _("The record stands under type 99 alone, which nobody reads any more (RFC 7208 section 3.1).")
        proof = tuple(text[:SHOWN] for text in policy.spf_type.records[:LINES])
        todo = _("Publish the same text as a TXT record.")
        findings.append(Finding(row, Verdict.PROBLEM, why, proof, todo, Owner.ZONE))
    return findings


def _several(policy: Policy, texts: Sequence[str]) -> list[Finding]:
    proof = tuple(text[:SHOWN] for text in texts[:LINES])
    row = _texts("SPF Multiple Records").fails(policy.domain)
    todo = _("Merge them into one record and delete the others.")
    published = _texts("SPF Record Published").passes(policy.domain)
    return [
        Finding(published, Verdict.OK, _("There is an SPF record.")),
        Finding(row, Verdict.PROBLEM, _several_refused(len(texts)), proof, todo, Owner.ZONE),
    ]


def _several_refused(count: int) -> str:
    return _("With {count} records: {consequence}").format(count=count, consequence=_(REFUSED))


def _deprecated(case: SpfCase) -> Finding:
    if not case.policy.spf_type.records:
        return _passes(case, "SPF Record Deprecated")
    row = Row(
        "spf.type", "SPF Record Deprecated", "warning", _("Record type 99 (SPF) found"), CATEGORY, case.domain
    )
    proof = tuple(text[:SHOWN] for text in case.policy.spf_type.records[:LINES])
    why = _("There is a record of type 99 besides; nobody reads that type any more, so it does no harm.")
    return Finding(
        row, Verdict.ADVISORY, why, proof, _("Delete the record of type SPF when convenient."), Owner.ZONE
    )


def _after_all(case: SpfCase) -> Finding:
    name = "SPF Contains characters after ALL"
    after = case.record.after_all
    if not after:
        return _passes(case, name)
    row = _texts(name).fails(case.domain)
    proof = tuple(term.text[:SHOWN] for term in after[:LINES])
    if all(not term.qualifier and term.name != "redirect" for term in after):
        why = _('Modifiers like exp= may stand anywhere, also behind "all" (RFC 7208 section 6).')
        return Finding(row, Verdict.FALSE_POSITIVE, why, proof, owner=Owner.NOBODY)
    why = _('What stands behind "all" is never looked at (RFC 7208 section 5.1).')
    todo = _('Move the terms in front of "all" if they are meant, or delete them.')
    if case.covers_own:
        allowed = _("Mail from this server is allowed all the same.")
        why = f"{why} {allowed}"
        return Finding(row, Verdict.ADVISORY, why, proof, todo, Owner.ZONE)
    return Finding(row, Verdict.PROBLEM, why, proof, todo, Owner.ZONE)


def _syntax(case: SpfCase) -> Finding:
    name = "SPF Syntax Check"
    wrong = [f"{case.domain}: {translate(error)}" for error in case.record.errors]
    for domain in case.tree.domains[1:]:
        record = record_of(case.answers, domain)
        wrong.extend(f"{domain}: {translate(error)}" for error in (record.errors if record else ()))
    row = _texts(name).fails(case.domain)
    if wrong:
        todo = _("Correct what is named; in a record of somebody else's (an include), tell its owner.")
        return Finding(row, Verdict.PROBLEM, _(REFUSED), tuple(wrong[:LINES]), todo, Owner.ZONE)
    if case.record.ignored:
        proof = tuple(term.text[:SHOWN] for term in case.record.ignored[:LINES])
        why = _(
            'A mechanism written with "=" is read as an unknown modifier and ignored, so it allows nothing.'
        )
        return Finding(row, Verdict.PROBLEM, why, proof, _('Write ":" instead of "=".'), Owner.ZONE)
    return _passes(case, name)


def _lookups(case: SpfCase) -> Finding:
    name = "SPF Included Lookups"
    count = case.tree.lookups
    lines = (
        ngettext(
            "{count} term of the record and of those it includes needs look-ups, {limit} may",
            "{count} terms of the record and of those it includes need look-ups, {limit} may",
            count,
        ).format(count=count, limit=LOOKUP_LIMIT),
    )
    if count <= LOOKUP_LIMIT:
        return _passes(case, name, lines)
    row = _texts(name).fails(case.domain, count=count)
    todo = _("Take out includes that are no longer needed, or put their networks into the record itself.")
    if case.covers_own:
        why = _(
            "Mail from this server is allowed before the limit of {limit} is reached; mail from "
            "senders named further back is not."
        ).format(limit=LOOKUP_LIMIT)
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.ZONE)
    why = _("More than {limit} look-ups are needed (RFC 7208 section 4.6.4).").format(limit=LOOKUP_LIMIT)
    why = f"{why} {_(REFUSED)}"
    return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE)


def _loops(case: SpfCase) -> Finding:
    name = "SPF Recursive Loop"
    if not case.tree.loops:
        return _passes(case, name)
    proof = tuple(
        _("{domain} leads back to itself").format(domain=domain) for domain in case.tree.loops[:LINES]
    )
    row = _texts(name).fails(case.domain)
    why = _("The includes go round in a circle until the limit is reached.")
    why = f"{why} {_(REFUSED)}"
    return Finding(row, Verdict.PROBLEM, why, proof, _("Take the include out that leads back."), Owner.ZONE)


def _duplicates(case: SpfCase) -> Finding:
    name = "SPF Duplicate Include"
    if not case.tree.duplicates:
        return _passes(case, name)
    proof = tuple(
        _("{domain} is included more than once").format(domain=domain)
        for domain in case.tree.duplicates[:LINES]
    )
    row = _texts(name).fails(case.domain)
    why = _("It changes nothing but the number of look-ups, which is limited.")
    return Finding(row, Verdict.ADVISORY, why, proof, _("Take one of the two out."), Owner.ZONE)


def _pointers(case: SpfCase) -> Finding:
    name = "SPF Type PTR Check"
    using = [
        domain
        for domain in case.tree.domains
        for record in [record_of(case.answers, domain)]
        if record is not None and any(term.name == "ptr" for term in record.mechanisms)
    ]
    if not using:
        return _passes(case, name)
    row = _texts(name).fails(case.domain)
    why = _('The mechanism "ptr" works, but is slow and should not be used (RFC 7208 section 5.5).')
    proof = tuple(_('{domain} uses "ptr"').format(domain=domain) for domain in using[:LINES])
    return Finding(
        row, Verdict.ADVISORY, why, proof, _("Name the addresses instead (ip4:, ip6:)."), Owner.ZONE
    )


def _voids(case: SpfCase) -> list[Finding]:
    """Judge void lookups, as of a receiver that finds no match before the record's end."""
    stranger = case.strangers[0]
    if stranger.needs or stranger.result == "temperror":
        return []
    voids = stranger.voids
    proof = tuple(_("nothing is found for {void}").format(void=void) for void in voids[:LINES])
    bare = tuple(_("{domain} has no SPF record").format(domain=domain) for domain in case.tree.bare[:LINES])
    todo = _("Take out or correct the names that do not exist.")
    if len(voids) > VOID_LIMIT:
        row = _texts("SPF Void Lookups").fails(case.domain, count=len(voids))
        why = _("More than {limit} names lead nowhere (RFC 7208 section 4.6.4).").format(limit=VOID_LIMIT)
        why = f"{why} {_(REFUSED)}"
        first = Finding(row, Verdict.PROBLEM, why, proof, todo, Owner.ZONE)
    else:
        first = _passes(case, "SPF Void Lookups")
    name = "SPF Record Null Value"
    row = _texts(name).fails(case.domain)
    if bare:
        why = _("The record includes a domain without an SPF record (RFC 7208 section 5.2).")
        why = f"{why} {_(REFUSED)}"
        return [first, Finding(row, Verdict.PROBLEM, why, bare, todo, Owner.ZONE)]
    if voids:
        why = _("Names that lead nowhere allow nothing; up to {limit} of them are borne.").format(
            limit=VOID_LIMIT
        )
        return [first, Finding(row, Verdict.ADVISORY, why, proof, todo, Owner.ZONE)]
    return [first, _passes(case, name)]


def _mail_hosts(case: SpfCase) -> Finding:
    name = "SPF MX Resource Records"
    large = [
        (a.name, len(a.records)) for a in case.policy.spf if a.kind == "MX" and len(a.records) > NAME_LIMIT
    ]
    if not large:
        return _passes(case, name)
    row = _texts(name).fails(case.domain, count=max(count for domain, count in large))
    proof = tuple(
        ngettext(
            "{domain} has {count} MX host or more", "{domain} has {count} MX hosts or more", count
        ).format(domain=domain, count=count)
        for domain, count in large[:LINES]
    )
    why = _('"mx" may lead to {limit} hosts at most (RFC 7208 section 4.6.4).').format(limit=NAME_LIMIT)
    why = f"{why} {_(REFUSED)}"
    return Finding(row, Verdict.PROBLEM, why, proof, _('Use ip4: and ip6: instead of "mx".'), Owner.ZONE)


def _passes(case: SpfCase, name: str, details: tuple[str, ...] = ()) -> Finding:
    row = _texts(name).passes(case.domain, details=details)
    return Finding(row, Verdict.OK, _(_FINE[name]))


def _texts(name: str) -> row_texts.RowTexts:
    return row_texts.load(CATEGORY)[name]


_FINE = {
    "SPF Record Published": N_("There is an SPF record."),
    "SPF Record Deprecated": N_("There is no record of the old type 99."),
    "SPF Multiple Records": N_("There is one record."),
    "SPF Contains characters after ALL": N_('Nothing stands behind "all".'),
    "SPF Syntax Check": N_("The record can be read."),
    "SPF Included Lookups": N_("The record stays within the limit of look-ups."),
    "SPF Recursive Loop": N_("No include leads back."),
    "SPF Duplicate Include": N_("No domain is included twice."),
    "SPF Type PTR Check": N_('The record does not use "ptr".'),
    "SPF Void Lookups": N_("The record stays within the limit of names that lead nowhere."),
    "SPF MX Resource Records": N_('No "mx" leads to too many hosts.'),
    "SPF Record Null Value": N_("Every name that the record mentions leads somewhere."),
}
