"""Judges MXToolbox's DNS rows of a zone: its name servers here, its SOA in `judge.soa`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from mxverdict.evidence.zone import Zone
from mxverdict.findings import LEVELS, Finding, Owner, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.delegation import (
    bad_glue,
    parent_mismatch,
    public_addresses,
    subnets,
    two_servers,
)
from mxverdict.judge.domain.soa import judge_soa
from mxverdict.judge.domain.zone_facts import ZoneFacts, answer_lines
from mxverdict.judge.listing import listing
from mxverdict.testers.row_texts import RowTexts, load

_NAT = N_("This server cannot reach its own public address (NAT?), so whether others can is not known.")
_NOT_FROM_HERE = N_("could not be told from this server")
_NAMED = N_("Look at BIND or PowerDNS: /usr/local/cpanel/scripts/restartsrv_named, then its log.")


def judge_zone(
    zone: Zone, taken_at: float, own_addresses: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return the rows MXToolbox prints about the zone, judged: failures first, then warnings, then passes.

    `taken_at` is the Unix time at which the zone was read, `own_addresses` are this server's addresses: they
    tell its own name servers from those of a provider.
    """
    facts = ZoneFacts(zone, taken_at, own_addresses)
    found = _without_zone(facts) or [
        _published(facts),
        *(judge(facts) for judge in _JUDGES),
        *judge_soa(facts),
        _recursion(facts),
        *_transfers(facts),
    ]
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.row.level)))


def _texts(name: str) -> RowTexts:
    return load("dns")[name]


def _without_zone(facts: ZoneFacts) -> list[Finding]:
    """Return the one row that takes the place of all others when nothing of the zone can be read."""
    zone = facts.zone
    texts = _texts("DNS Record Published")
    if zone.exists is None:
        row = texts.unknown(facts.host, _("could not be looked up"))
        return [Finding(row, Verdict.UNKNOWN, _("The zone could not be found."), _lines(zone.error))]
    if not zone.exists:
        why = _("There is no {domain} in the DNS: no mail and no visitor can find it.").format(
            domain=zone.domain
        )
        todo = _("Check the spelling; is the domain registered, paid for, and does it name its name servers?")
        return [Finding(texts.fails(facts.host), Verdict.PROBLEM, why, (), todo, Owner.ZONE)]
    if zone.delegation.found is False:
        why = _(
            "This server's resolver knows {zone}, but the zone above does not delegate it: nobody else "
            "can find it."
        ).format(zone=zone.apex)
        lines = (
            _("{server} ({address}) knows of no {zone}").format(
                server=zone.delegation.server, address=zone.delegation.address, zone=zone.apex
            ),
        )
        todo = _("Is the domain registered and paid for? Enter its name servers at the registrar.")
        return [Finding(texts.fails(facts.host), Verdict.PROBLEM, why, lines, todo, Owner.ZONE)]
    if not facts.names:
        row = texts.unknown(facts.host, _("could not be looked up"))
        errors = (*_lines(zone.resolver_error), *_lines(zone.delegation.error))
        return [Finding(row, Verdict.UNKNOWN, _("The name servers of the zone could not be found."), errors)]
    if facts.unreachable_all or facts.authoritative or not (facts.asked or facts.without_address):
        return []
    return [_nobody_serves(facts)]


def _nobody_serves(facts: ZoneFacts) -> Finding:
    answering = [server for server in facts.asked if server.failure in ("", "garbage")]
    if answering:
        row = _texts("DNS No Valid NameServers Responded").fails(facts.host)
        why = _("Name servers answer, but none of them for the zone: nobody can look the domain up.")
        todo = _("Load the zone on its name servers, or enter those that hold it at the registrar.")
        return Finding(row, Verdict.PROBLEM, why, answer_lines(facts.servers), todo, facts.owner(answering))
    texts = _texts("DNS All Name Servers Timed Out")
    unresponsive = _silence(facts)
    if facts.zone.resolver_soa is not None and not _closed_here(facts):
        why = _(
            "No name server answers this server, but its resolver still knows the zone, perhaps by memory."
        )
        row = texts.unknown(facts.host, _(_NOT_FROM_HERE))
        return Finding(row, Verdict.UNKNOWN, why, unresponsive, _elsewhere(facts))
    if _behind_nat(facts):
        row = texts.unknown(facts.host, _(_NOT_FROM_HERE))
        return Finding(row, Verdict.UNKNOWN, _(_NAT), unresponsive, _elsewhere(facts))
    why = _("No name server of the domain answers: nobody can look it up, and its mail waits or is lost.")
    owner = facts.owner(facts.unresponsive)
    todo = _(_NAMED) if owner is Owner.SERVER else _("Have the name servers brought back.")
    return Finding(texts.fails(facts.host), Verdict.PROBLEM, why, unresponsive, todo, owner)


def _published(facts: ZoneFacts) -> Finding:
    lines = (_("Name servers: {names}").format(names=listing(facts.names)),)
    row = _texts("DNS Record Published").passes(facts.host)
    error = translate(facts.zone.resolver_error)
    if facts.authoritative and facts.zone.resolver_soa is None and error and not facts.unresponsive:
        why = _(
            "The name servers answer, but this server's resolver gets nothing: the signatures of the "
            "zone (DNSSEC) are wrong, or the resolver has a fault."
        )
        todo = _("Try dig +cd SOA {zone}: if that answers, the signatures are wrong.").format(zone=facts.host)
        return Finding(row, Verdict.PROBLEM, why, (*lines, error), todo, facts.owner(facts.authoritative))
    return Finding(row, Verdict.OK, _("The zone has name servers."), lines)


def _responding(facts: ZoneFacts) -> Finding:
    texts = _texts("DNS All Servers Responding")
    if facts.unreachable_all:
        return _unreachable_all(texts, facts)
    unresponsive = _silence(facts)
    answered = {server.name for server in facts.answered}
    if unresponsive and _behind_nat(facts):
        row = texts.unknown(facts.host, _(_NOT_FROM_HERE))
        return Finding(row, Verdict.UNKNOWN, _(_NAT), unresponsive, _elsewhere(facts))
    if unresponsive:
        names = tuple(
            dict.fromkeys((*facts.without_address, *(server.name for server in facts.unresponsive)))
        )
        row = texts.fails(facts.host, details=names)
        owner = facts.owner(facts.unresponsive)
        if answered.issuperset(names):
            why = _("A name server answers at one of its addresses only; resolvers lose time on the other.")
            todo = _("Have the dead address repaired, or take its record out.")
            return Finding(row, Verdict.ADVISORY, why, unresponsive, todo, owner)
        why = _(
            "A name server is dead: a part of all look-ups is slow, and nothing is left when another fails."
        )
        todo = (
            _(_NAMED) if owner is Owner.SERVER else _("Have it repaired, or take it out of the delegation.")
        )
        return Finding(row, Verdict.PROBLEM, why, unresponsive, todo, owner)
    unheard = [server for server in facts.not_asked if server.name not in answered]
    if unheard or facts.zone.left_out:
        left_out = facts.zone.left_out
        said = ngettext("{count} more was not asked", "{count} more were not asked", left_out)
        more = _lines(said.format(count=left_out) if left_out else "")
        why = _("Not every name server could be asked from here.")
        row = texts.unknown(facts.host, _(_NOT_FROM_HERE))
        return Finding(row, Verdict.UNKNOWN, why, (*answer_lines(unheard), *more))
    return Finding(
        texts.passes(facts.host), Verdict.OK, _("Every name server answers."), answer_lines(facts.servers)
    )


def _authoritative(facts: ZoneFacts) -> Finding:
    texts = _texts("DNS All Servers Authoritative")
    if facts.unreachable_all:
        return _unreachable_all(texts, facts)
    lame = [server for server in facts.answered if not server.serves]
    if not lame:
        why = _("Every name server that answers holds the zone.")
        return Finding(texts.passes(facts.host), Verdict.OK, why, answer_lines(facts.authoritative))
    row = texts.fails(facts.host, details=tuple(dict.fromkeys(server.name for server in lame)))
    owner = facts.owner(lame)
    if owner is Owner.SERVER:
        todo = _(
            "Load the zone here: named-checkzone {zone}, then rndc reload; named's log says why not."
        ).format(zone=facts.host)
    else:
        todo = _("Have the zone set up there, or take the name server out of the delegation.")
    why = _("A name server does not hold the zone: look-ups that come to it fail or start over.")
    return Finding(row, Verdict.PROBLEM, why, answer_lines(lame), todo, owner)


def _recursion(facts: ZoneFacts) -> Finding:
    texts = _texts("DNS Open Recursive Name Server")
    if facts.unreachable_all:
        return _unreachable_all(texts, facts)
    open_ones = [server for server in facts.answered if server.recursive]
    strange = [server for server in open_ones if server.address not in facts.own]
    if strange:
        row = texts.fails(facts.host, details=tuple(dict.fromkeys(server.name for server in strange)))
        why = _("A name server looks up any name for anybody: it can be abused to flood others (RFC 5358).")
        lines = tuple(
            _("{server} ({address}) looked up a foreign name for us").format(
                server=server.name, address=server.address
            )
            for server in strange
        )
        todo = _("Have recursion limited to its own networks.")
        return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.DNS_PROVIDER)
    unclear = [server for server in facts.answered if server.recursive is None]
    if open_ones or unclear:
        row = texts.unknown(facts.host, _(_NOT_FROM_HERE))
        if not open_ones:
            return Finding(
                row, Verdict.UNKNOWN, _("A name server gave no clear answer."), answer_lines(unclear)
            )
        why = _(
            "This server's name server recurses for the server itself, as it should; whether it does "
            "for strangers cannot be told from here."
        )
        todo = _("In named.conf, allow-recursion must name own networks alone.")
        return Finding(row, Verdict.UNKNOWN, why, answer_lines(unclear), todo, Owner.SERVER)
    return Finding(texts.passes(facts.host), Verdict.OK, _("No name server looks up foreign names for us."))


def _transfers(facts: ZoneFacts) -> list[Finding]:
    """Judge zone transfers; no finding when fine. This server's own name server may rightly hand the zone to
    the server itself."""
    given = [server for server in facts.answered if server.transfers and server.address not in facts.own]
    if not given:
        return []
    row = _texts("DNS Open Zone Transfer").fails(
        facts.host, details=tuple(dict.fromkeys(server.name for server in given))
    )
    why = _("Anybody can fetch the whole list of names in the zone; that harms only if a name is secret.")
    lines = tuple(
        _("{server} ({address}) began to hand over the zone").format(
            server=server.name, address=server.address
        )
        for server in given
    )
    todo = _("Have zone transfers limited to the secondary name servers.")
    return [Finding(row, Verdict.ADVISORY, why, lines, todo, facts.owner(given))]


def _unreachable_all(texts: RowTexts, facts: ZoneFacts) -> Finding:
    why = _(
        "This server cannot ask name servers directly; only its resolver answers (port 53 outbound closed?)."
    )
    above = facts.zone.delegation.error
    return Finding(
        texts.unknown(facts.host, _(_NOT_FROM_HERE)),
        Verdict.UNKNOWN,
        why,
        (*answer_lines(facts.servers[:3]), *_lines(above)),
    )


def _elsewhere(facts: ZoneFacts) -> str:
    address = next((server.address for server in facts.unresponsive), "")
    return _("Ask from outside: dig SOA {zone} @{address}").format(zone=facts.host, address=address)


def _closed_here(facts: ZoneFacts) -> bool:
    """Whether everything that does not respond is this server itself with its port 53 closed: that shows
    from inside too, whatever the resolver has cached."""
    unresponsive = facts.unresponsive
    return (
        not facts.without_address
        and facts.are_own(unresponsive)
        and all(s.failure == "refused" for s in unresponsive)
    )


def _behind_nat(facts: ZoneFacts) -> bool:
    """Whether everything that does not respond is this server itself, and no port was reported closed."""
    unresponsive = facts.unresponsive
    return (
        not facts.without_address
        and facts.are_own(unresponsive)
        and all(s.failure == "timeout" for s in unresponsive)
    )


def _silence(facts: ZoneFacts) -> tuple[str, ...]:
    return (
        *(_("{server} has no address").format(server=name) for name in facts.without_address),
        *answer_lines(facts.unresponsive),
    )


def _lines(text: Optional[str]) -> tuple[str, ...]:
    return (translate(text),) if text else ()


_JUDGES: tuple[Callable[[ZoneFacts], Finding], ...] = (
    bad_glue,
    two_servers,
    _responding,
    _authoritative,
    parent_mismatch,
    subnets,
    public_addresses,
)
