"""Judges where the mail of a domain goes: its MX records, the hosts behind them, this server among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Optional

from mxverdict.addresses import special_kind
from mxverdict.evidence.mail_route import HostGreeting, MailHost, MailRoute, Routing
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.judge.mail_hosts import judge_mail_host
from mxverdict.judge.routing import judge_routing
from mxverdict.judge.truth import is_host_name
from mxverdict.testers import rows

ROUTE = "Mail route"
NAME = "MX name"
ADDRESS = "MX address"
PREFERENCE = "MX preference"
PUBLISHED = "DNS Record Published"
_CATEGORY = "mx"


def judge_mail_route(
    route: MailRoute,
    greetings: Sequence[HostGreeting],
    own_addresses: frozenset[str],
    routing: Optional[Routing] = None,
) -> tuple[Finding, ...]:
    """The findings about one domain; the first is the row that MXToolbox prints, the others are our own.

    `greetings` may be those of many domains: the more there are, the better a host that is down is told from
    a way out that is blocked. `own_addresses` are this server's, from inside and outside. `routing` is how
    cPanel routes the domain (None: not looked at).
    """
    found = [_published(route)]
    if route.kind == "unknown":
        return tuple(found)
    found += _whole(route)
    for host in _distinct(route):
        found += _names(host, route) if route.kind != "none" else ()
        found += _addresses(host, own_addresses)
        found += judge_mail_host(host, route, greetings, own_addresses)
    if route.kind == "mx":
        found += _preferences(route, own_addresses)
        found += _duplicates(route)
    found += judge_routing(route, own_addresses, routing)
    return tuple(found)


def _distinct(route: MailRoute) -> list[MailHost]:
    """Each host once, where it stands first."""
    first: dict[str, MailHost] = {}
    for host in route.hosts:
        first.setdefault(host.name.lower(), host)
    return list(first.values())


def _published(route: MailRoute) -> Finding:
    words = rows.load(_CATEGORY)[PUBLISHED]
    if route.kind == "unknown":
        row = words.unknown(route.domain, "the MX records could not be looked up from here")
        return Finding(
            row, Verdict.UNKNOWN, "Where mail of the domain goes could not be looked up.", (route.error,)
        )
    if route.kind in ("mx", "null"):
        return Finding(words.passes(route.domain), Verdict.OK, "The domain has MX records.", _records(route))
    row = words.fails(route.domain)
    if route.kind == "missing":
        return Finding(
            row,
            Verdict.PROBLEM,
            "The DNS knows no such domain; nobody can send mail to it.",
            (f"{route.domain}: NXDOMAIN",),
            "See whether the domain is still registered and its name servers still serve the zone.",
            Owner.DNS_PROVIDER,
        )
    if route.kind == "implicit":
        return Finding(
            row,
            Verdict.ADVISORY,
            "There is no MX; senders deliver to the address of the domain itself (RFC 5321, 5.1).",
            (f"{route.domain}: {', '.join(route.hosts[0].addresses)}",),
            f"Publish an MX record for {route.domain}: some senders and most testers expect one.",
            Owner.ZONE,
        )
    return Finding(
        row,
        Verdict.PROBLEM,
        "There is neither an MX nor an address; mail to the domain comes back to its sender.",
        (f"{route.domain}: no MX, no A, no AAAA",),
        "Publish an MX record, or a null MX (0 .) when the domain takes no mail (RFC 7505).",
        Owner.ZONE,
    )


def _records(route: MailRoute) -> tuple[str, ...]:
    more = (f"{route.left_out} more MX hosts were not looked at",) if route.left_out else ()
    alias = (f"{route.domain} is an alias of {route.canonical}",) if _alias(route) else ()
    return (*(f"{route.domain} MX {record}" for record in route.records), *alias, *more)


def _alias(route: MailRoute) -> bool:
    return route.canonical.lower() != route.domain.lower()


def _whole(route: MailRoute) -> Iterable[Finding]:
    if route.kind == "null":
        row = Row(ROUTE, "ok", "takes no mail (null MX)", _CATEGORY, route.domain)
        yield Finding(row, Verdict.OK, "The domain says that it takes no mail (RFC 7505).", _records(route))
    elif route.has_null_mx:
        row = Row(ROUTE, "error", "a null MX beside others", _CATEGORY, route.domain)
        yield Finding(
            row,
            Verdict.PROBLEM,
            "A null MX must stand alone (RFC 7505, 3); senders may take the domain for one without mail.",
            _records(route),
            f"Take the record `0 .` of {route.domain} away.",
            Owner.ZONE,
        )
    if route.kind == "mx" and not any(host.addresses or host.errors for host in route.hosts):
        row = Row(ROUTE, "error", "no mail host has an address", _CATEGORY, route.domain)
        yield Finding(
            row,
            Verdict.PROBLEM,
            "None of the MX hosts has an address; mail to the domain comes back to its sender.",
            _records(route),
            "Point the MX at a name that has an address record.",
            Owner.ZONE,
        )


def _names(host: MailHost, route: MailRoute) -> Iterable[Finding]:
    if host.literal:
        row = Row(NAME, "error", "an address instead of a name", _CATEGORY, host.name)
        yield Finding(
            row,
            Verdict.PROBLEM,
            "An MX must hold a name (RFC 1035, 3.3.9); most senders find no address for this one.",
            (f"{route.domain} MX {host.preference} {host.name}",),
            f"Give {host.name} a name with an address record and point the MX at it.",
            Owner.ZONE,
        )
        return
    if host.is_alias and route.kind == "mx":
        ends = ", ".join(host.addresses) or ("no address" if not host.errors else "unknown")
        row = Row(NAME, "warning", f"an alias (CNAME) of {host.canonical}", _CATEGORY, host.name)
        yield Finding(
            row,
            Verdict.ADVISORY,
            "An MX must not be an alias (RFC 2181, 10.3); nearly all senders follow it, some refuse to.",
            (f"{host.name} CNAME … {host.canonical}: {ends}",),
            f"Point the MX at {host.canonical} itself.",
            Owner.ZONE,
        )
    if host.errors and not host.addresses:
        row = Row(NAME, "unknown", "its addresses could not be looked up", _CATEGORY, host.name)
        yield Finding(
            row, Verdict.UNKNOWN, "Whether the MX host has an address could not be told.", host.errors
        )
    elif not host.addresses:
        yield _dangling(host)
    elif not is_host_name(host.name) and route.kind == "mx":
        row = Row(NAME, "warning", "no proper host name", _CATEGORY, host.name)
        yield Finding(
            row,
            Verdict.ADVISORY,
            "The MX name holds characters that a host name must not hold (RFC 1123, 2.1).",
            (f"{route.domain} MX {host.preference} {host.name}",),
            "Use a name of letters, digits and hyphens.",
            Owner.ZONE,
        )


def _dangling(host: MailHost) -> Finding:
    gone = "the DNS knows no such name" if not host.exists else "no A and no AAAA record"
    end = host.canonical if host.is_alias else host.name
    return Finding(
        Row(NAME, "error", "leads nowhere", _CATEGORY, host.name),
        Verdict.PROBLEM,
        "The MX host has no address: senders skip it, or bounce when there is no other.",
        (f"{end}: {gone}",),
        f"Give {end} an address record, or take the MX record away.",
        Owner.ZONE,
    )


def _addresses(host: MailHost, own: frozenset[str]) -> Iterable[Finding]:
    special = [(address, special_kind(address)) for address in host.addresses if special_kind(address)]
    if not special:
        return
    told = tuple(f"{host.name}: {address} is a {kind} address" for address, kind in special)
    text = ", ".join(address for address, _ in special)
    if all(address in own for address, _ in special):
        row = Row(ADDRESS, "unknown", f"{text} is this server seen from inside", _CATEGORY, host.name)
        yield Finding(
            row,
            Verdict.UNKNOWN,
            "The resolver of this server gives an inside address of it; what the world gets may be another.",
            told,
            f"Look {host.name} up from outside; there it must lead to the public address.",
            Owner.ZONE,
        )
        return
    row = Row(ADDRESS, "error", f"{text} is no public address", _CATEGORY, host.name)
    yield Finding(
        row,
        Verdict.PROBLEM,
        "Nobody outside can reach that address; senders lose time on it or give up.",
        told,
        f"Publish the public address of {host.name}, or take the MX record away.",
        Owner.ZONE,
    )


def _preferences(route: MailRoute, own: frozenset[str]) -> Iterable[Finding]:
    for preference, count in Counter(host.preference for host in route.hosts).items():
        same = [host for host in route.hosts if host.preference == preference]
        if count == 1 or len({host.name.lower() for host in same}) == 1:
            continue
        names = ", ".join(host.name for host in same)
        here = [host for host in same if own.intersection(host.addresses)]
        row = Row(PREFERENCE, "ok", f"{preference} for {names}", _CATEGORY, route.domain)
        told = (f"preference {preference}: {names}",)
        if here and len(here) < len(same):
            row = Row(PREFERENCE, "warning", row.text, _CATEGORY, route.domain)
            why = "Senders choose at random, so a part of the mail goes to this server and a part elsewhere."
            todo = "Unless both share their mailboxes, give this server another preference than the others."
            yield Finding(row, Verdict.ADVISORY, why, told, todo, Owner.ZONE)
        else:
            yield Finding(
                row, Verdict.OK, "Senders choose among them at random, which shares the load.", told
            )
    for host in _distinct(route):
        families = Counter(":" in address for address in host.addresses)
        if max(families.values(), default=0) > 1:
            row = Row(ADDRESS, "ok", f"{len(host.addresses)} addresses", _CATEGORY, host.name)
            why = "Senders take any of the addresses in turn; each of them has to answer."
            yield Finding(row, Verdict.OK, why, (f"{host.name}: {', '.join(host.addresses)}",))


def _duplicates(route: MailRoute) -> Iterable[Finding]:
    names = Counter(host.name.lower() for host in route.hosts)
    for name in (name for name, count in names.items() if count > 1):
        numbers = ", ".join(str(host.preference) for host in route.hosts if host.name.lower() == name)
        row = Row(NAME, "warning", f"listed twice ({numbers})", _CATEGORY, name)
        why = "The same host stands in two MX records; the second adds nothing."
        yield Finding(
            row, Verdict.ADVISORY, why, _records(route), "Take one of the records away.", Owner.ZONE
        )
    shared: dict[str, list[str]] = {}
    for host in route.hosts:
        for address in dict.fromkeys(host.addresses):
            if host.name.lower() not in shared.setdefault(address, []):
                shared[address].append(host.name.lower())
    groups = dict.fromkeys(tuple(found) for found in shared.values() if len(found) > 1)
    for group in groups:
        common = ", ".join(address for address, found in shared.items() if tuple(found) == group)
        row = Row(ADDRESS, "warning", f"{common} is behind {' and '.join(group)}", _CATEGORY, route.domain)
        why = "Two MX hosts are one machine: when it is down, both are."
        yield Finding(
            row, Verdict.ADVISORY, why, _records(route), "Use one name, or another machine.", Owner.ZONE
        )
