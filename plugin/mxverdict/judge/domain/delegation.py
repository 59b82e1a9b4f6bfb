"""Judges how a zone is delegated: glue, number, names, networks and addresses of its name servers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Optional

from mxverdict.evidence.zone import HostAddresses
from mxverdict.findings import Finding, Owner, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.machines import machines
from mxverdict.judge.domain.zone_facts import ZoneFacts, answer_lines, listed_errors
from mxverdict.judge.listing import listing
from mxverdict.net.special_ranges import is_public
from mxverdict.testers.row_texts import RowTexts, limits, load

_NOT_KNOWN = N_("could not be told")
_DETAILS_LIMIT = 13
_SECOND = N_("Add a second name server, on another machine, to the zone and at the registrar.")


def bad_glue(facts: ZoneFacts) -> Finding:
    """Compare the addresses that the parent zone gives with the name servers' real ones (RFC 1912 section
    2.3)."""
    texts = load("dns")["DNS Bad Glue Detected"]
    delegation = facts.zone.delegation
    if delegation.found is None:
        why = _("The zone above could not be asked.")
        row = texts.unknown(facts.host, _(_NOT_KNOWN))
        return Finding(row, Verdict.UNKNOWN, why, listed_errors(translate(delegation.error)))
    known = {host.name: host for host in facts.zone.hosts}
    glue = {host.name: host.addresses for host in delegation.glue}
    wrong = {
        name: extra
        for name, addresses in glue.items()
        if name in known and not known[name].error
        for extra in [sorted(set(addresses) - set(known[name].addresses))]
        if extra
    }
    inside = [name for name in delegation.name_servers if f".{name}".endswith(f".{facts.zone.apex}")]
    missing = [name for name in inside if name not in glue and not delegation.own_copy]
    lines = (
        *(_gives(delegation.parent, name, extra) for name, extra in wrong.items()),
        *(_has(name, known[name].addresses) for name in wrong),
        *(
            _("{zone} gives no address for {name}").format(zone=delegation.parent, name=name)
            for name in missing
        ),
    )
    if lines:
        why = _("The zone above sends resolvers to an address that the name server does not have.")
        if not wrong:
            why = _(
                "The zone above names a name server inside the zone without its address: it cannot be found."
            )
        todo = _("Have the name server's address (host record, glue) corrected at the registrar.")
        row = texts.fails(facts.host, details=(*wrong, *missing))
        return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE)
    unresolved = [known[name] for name in glue if name in known and known[name].error]
    if unresolved:
        why = _("The real addresses of the name servers could not be looked up.")
        row = texts.unknown(facts.host, _(_NOT_KNOWN))
        return Finding(row, Verdict.UNKNOWN, why, _errors(unresolved))
    shown = tuple(_gives(delegation.parent, name, found) for name, found in glue.items())
    why = (
        _("What the zone above sends along is right.")
        if glue
        else _("The zone above need not send addresses.")
    )
    return Finding(texts.passes(facts.host), Verdict.OK, why, shown)


def _gives(zone: str, name: str, addresses: Iterable[str]) -> str:
    line = _("{zone} gives {name} {addresses}")
    return line.format(zone=zone, name=name, addresses=", ".join(addresses))


def _has(name: str, addresses: Iterable[str]) -> str:
    shown = ", ".join(addresses)
    if not shown:
        return _("{name} has no address").format(name=name)
    return _("{name} has {addresses}").format(name=name, addresses=shown)


def two_servers(facts: ZoneFacts) -> Finding:
    texts = load("dns")["DNS At Least Two Servers"]
    names = facts.names
    lines = (_("Name servers: {names}").format(names=listing(names)),)
    if len(names) >= 2:
        return _one_machine(facts, texts) or Finding(
            texts.passes(facts.host), Verdict.OK, _("There are at least two."), lines
        )
    row = texts.fails(facts.host, details=names)
    todo = _(_SECOND)
    if facts.hosted_here:
        why = _(
            "There is one name server and it is this server: when it is down, so are the mail and the web "
            "that it serves; the rules ask for two all the same (RFC 1034 section 4.1)."
        )
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.SERVER)
    why = _(
        "When the only name server is down, nobody can look the domain up (RFC 1034 section 4.1 wants two)."
    )
    return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.DNS_PROVIDER)


def _one_machine(facts: ZoneFacts, texts: RowTexts) -> Optional[Finding]:
    """Return the finding on several names that lead to one machine, which a tester that counts names passes;
    None where there are more machines, or where that is not known."""
    found = {name: held for name, held in facts.addresses.items() if name not in facts.without_address}
    if len(found) < 2 or len(machines(found, facts.own)) > 1:
        return None
    row = texts.passes(facts.host)
    lines = tuple(f"{name}: {', '.join(held)}" for name, held in found.items())
    if facts.hosted_here:
        why = _(
            "The tester counts names. All of them lead to this server, so there is one machine: when it is "
            "down, so are the mail and the web that it serves."
        )
        return Finding(row, Verdict.ADVISORY, why, lines, _(_SECOND), Owner.SERVER)
    why = _(
        "The tester counts names. All of them lead to one address, so there is one machine: when it is down, "
        "the domain cannot be looked up (RFC 2182 section 3.1)."
    )
    return Finding(row, Verdict.PROBLEM, why, lines, _(_SECOND), Owner.DNS_PROVIDER)


def parent_mismatch(facts: ZoneFacts) -> Finding:
    """Compare the parent zone's list of name servers with the zone's own (RFC 1034 section 4.2.2)."""
    texts = load("dns")["DNS Local Parent Mismatch"]
    delegation = facts.zone.delegation
    lists = {server.name_servers for server in facts.authoritative if server.name_servers}
    if delegation.found is None or not lists:
        why = _("The two lists could not both be read.")
        errors = listed_errors(translate(delegation.error), *_list_errors(facts))
        return Finding(texts.unknown(facts.host, _(_NOT_KNOWN)), Verdict.UNKNOWN, why, errors)
    above = delegation.name_servers
    lines = (
        _lists(delegation.parent, above),
        *(_lists(server.name, server.name_servers) for server in facts.authoritative),
    )[:10]
    if lists == {above}:
        why = _("The zone and the zone above name the same.")
        if delegation.own_copy:
            why = _("One name server holds the zone and the zone above, so the lists cannot differ.")
        return Finding(texts.passes(facts.host), Verdict.OK, why, lines)
    everywhere = set(above).intersection(*lists)
    details = tuple(sorted(set(above).union(*lists) - everywhere))[:_DETAILS_LIMIT]
    row = texts.fails(facts.host, details=details)
    todo = _("Make the NS records of the zone and the list at the registrar the same.")
    authoritative = {server.name for server in facts.authoritative}
    if authoritative.issuperset(facts.names):
        why = _("The lists differ, but every name server in them holds the zone, so look-ups work.")
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.ZONE)
    why = _("The lists differ, and a name server in them does not answer for the zone: some look-ups fail.")
    return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE)


def _lists(who: str, names: Sequence[str]) -> str:
    """Return a line with the name servers that `who` lists ("" for the root)."""
    if not who:
        return _("The root lists {names}").format(names=listing(names))
    return _("{who} lists {names}").format(who=who, names=listing(names))


def subnets(facts: ZoneFacts) -> Finding:
    texts = load("dns")["DNS Servers are on Different Subnets"]
    addresses = facts.addresses
    flat = sorted({address for found in addresses.values() for address in found})
    counted = [address for address in flat if ":" not in address] or flat
    lines = tuple(f"{name}: {', '.join(found)}" for name, found in addresses.items() if found)
    if not counted:
        return _unresolved(facts, texts)
    if len({_network(address) for address in counted}) > 1:
        why = _("They stand in different networks.")
        return Finding(texts.passes(facts.host), Verdict.OK, why, lines)
    row = texts.fails(facts.host)
    todo = _("If it matters to you, add a name server in another network (RFC 2182 section 3.1).")
    if set(counted) <= facts.own:
        why = _(
            "All name servers are this server, as on most single cPanel servers: when it is down, so are the "
            "mail and the web that it serves."
        )
        return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.SERVER)
    why = _("All name servers stand in one network: if it fails, the domain cannot be looked up.")
    return Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.DNS_PROVIDER)


def public_addresses(facts: ZoneFacts) -> Finding:
    texts = load("dns")["DNS Servers Have Public IP Addresses"]
    private = {
        name: hidden
        for name, found in facts.addresses.items()
        for hidden in [[address for address in found if not is_public(address)]]
        if hidden
    }
    if private:
        row = texts.fails(facts.host, details=tuple(private))
        lines = tuple(f"{name}: {', '.join(hidden)}" for name, hidden in private.items())
        why = _("The internet has no way to that address: look-ups that try it are lost.")
        todo = _("Put the public address into the A record of the name server, and at the registrar.")
        return Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.ZONE)
    if not any(facts.addresses.values()):
        return _unresolved(facts, texts)
    return Finding(texts.passes(facts.host), Verdict.OK, _("All of their addresses are public."))


def _network(address: str) -> str:
    prefix = limits("dns")["subnet"]["ipv6_prefix" if ":" in address else "ipv4_prefix"]
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


def _unresolved(facts: ZoneFacts, texts: RowTexts) -> Finding:
    errors = _errors(facts.zone.hosts)
    why = _("The addresses of the name servers could not be looked up.")
    return Finding(texts.unknown(facts.host, _(_NOT_KNOWN)), Verdict.UNKNOWN, why, errors)


def _errors(hosts: Iterable[HostAddresses]) -> tuple[str, ...]:
    return tuple(f"{host.name}: {translate(host.error)}" for host in hosts if host.error)


def _list_errors(facts: ZoneFacts) -> tuple[str, ...]:
    return (
        *(
            f"{server.name}: {translate(server.name_servers_error)}"
            for server in facts.authoritative
            if not server.name_servers
        ),
        *answer_lines(facts.unresponsive),
    )
