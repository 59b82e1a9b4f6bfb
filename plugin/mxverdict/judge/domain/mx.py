"""Judges where the mail of a domain goes: its MX records, the hosts behind them, this server among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Optional

from mxverdict.evidence.mail_route import HostGreeting, MailHost, MailRoute, Routing
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.domain.cpanel_routing import judge_routing
from mxverdict.judge.domain.machines import machines
from mxverdict.judge.domain.mx_hosts import judge_mail_host
from mxverdict.judge.smtp.ground_truth import is_host_name
from mxverdict.net.special_ranges import special_purpose_kind
from mxverdict.testers import row_texts

ROUTE = N_("Mail route")
NAME = N_("MX name")
ADDRESS = N_("MX address")
PREFERENCE = N_("MX preference")
PUBLISHED = "DNS Record Published"
_CATEGORY = "mx"
_SPECIAL = {
    "private": N_("{host}: {address} is a private address"),
    "loopback": N_("{host}: {address} is a loopback address"),
    "link-local": N_("{host}: {address} is a link-local address"),
    "multicast": N_("{host}: {address} is a multicast address"),
    "reserved": N_("{host}: {address} is a reserved address"),
}
"""By what `mxverdict.net.special_ranges` says of it."""


def judge_mail_route(
    route: MailRoute,
    greetings: Sequence[HostGreeting],
    own_addresses: frozenset[str],
    routing: Optional[Routing] = None,
) -> tuple[Finding, ...]:
    """Return the findings about one domain; the first is the row that MXToolbox prints, the others are our
    own.

    `greetings` may be those of many domains: the more there are, the better a host that is down can be
    distinguished from a blocked outgoing port. `own_addresses` are this server's, from inside and outside.
    `routing` is how cPanel routes the domain (None: not read).
    """
    found = [_published(route)]
    if route.kind == "unknown":
        return tuple(found)
    found += _route(route)
    found += _left_out(route)
    for host in _distinct(route):
        found += _names(host, route) if route.kind != "none" else ()
        found += _addresses(host, own_addresses)
        found += judge_mail_host(host, route, greetings, own_addresses)
    if route.kind == "mx":
        found += _preferences(route, own_addresses)
        found += _duplicates(route, own_addresses)
    found += judge_routing(route, own_addresses, routing)
    return tuple(found)


def _distinct(route: MailRoute) -> list[MailHost]:
    """Return each host once, at its first place."""
    first: dict[str, MailHost] = {}
    for host in route.hosts:
        first.setdefault(host.name.lower(), host)
    return list(first.values())


def _published(route: MailRoute) -> Finding:
    texts = row_texts.load(_CATEGORY)[PUBLISHED]
    if route.kind == "unknown":
        row = texts.unknown(route.domain, _("the MX records could not be looked up from here"))
        return Finding(
            row,
            Verdict.UNKNOWN,
            _("Where mail of the domain goes could not be looked up."),
            (translate(route.error),),
        )
    if route.kind in ("mx", "null"):
        return Finding(
            texts.passes(route.domain), Verdict.OK, _("The domain has MX records."), _records(route)
        )
    row = texts.fails(route.domain)
    if route.kind == "missing":
        return Finding(
            row,
            Verdict.PROBLEM,
            _("The DNS knows no such domain; nobody can send mail to it."),
            (f"{route.domain}: NXDOMAIN",),
            _("See whether the domain is still registered and its name servers still serve the zone."),
            Owner.DNS_PROVIDER,
        )
    if route.kind == "implicit":
        return Finding(
            row,
            Verdict.ADVISORY,
            _("There is no MX; senders deliver to the address of the domain itself (RFC 5321, 5.1)."),
            (f"{route.domain}: {', '.join(route.hosts[0].addresses)}",),
            _("Publish an MX record for {domain}: some senders and most testers expect one.").format(
                domain=route.domain
            ),
            Owner.ZONE,
        )
    return Finding(
        row,
        Verdict.PROBLEM,
        _("There is neither an MX nor an address; mail to the domain comes back to its sender."),
        (_("{domain}: no MX, no A, no AAAA").format(domain=route.domain),),
        _("Publish an MX record, or a null MX (0 .) when the domain takes no mail (RFC 7505)."),
        Owner.ZONE,
    )


def _records(route: MailRoute) -> tuple[str, ...]:
    more: tuple[str, ...] = ()
    if route.left_out:
        said = ngettext(
            "{count} more MX host was not looked at",
            "{count} more MX hosts were not looked at",
            route.left_out,
        )
        more = (said.format(count=route.left_out),)
    alias = (
        (_("{domain} is an alias of {canonical}").format(domain=route.domain, canonical=route.canonical),)
        if _alias(route)
        else ()
    )
    return (*(f"{route.domain} MX {record}" for record in route.records), *alias, *more)


def _alias(route: MailRoute) -> bool:
    return route.canonical.lower() != route.domain.lower()


def _route(route: MailRoute) -> Iterable[Finding]:
    if route.kind == "null":
        row = Row("mx.null", ROUTE, "ok", _("takes no mail (null MX)"), _CATEGORY, route.domain)
        yield Finding(
            row, Verdict.OK, _("The domain says that it takes no mail (RFC 7505)."), _records(route)
        )
    elif route.has_null_mx:
        row = Row("mx.null", ROUTE, "error", _("a null MX beside others"), _CATEGORY, route.domain)
        yield Finding(
            row,
            Verdict.PROBLEM,
            _("A null MX must stand alone (RFC 7505, 3); senders may take the domain for one without mail."),
            _records(route),
            _("Take the record `0 .` of {domain} away.").format(domain=route.domain),
            Owner.ZONE,
        )
    if route.kind == "mx" and not any(host.addresses or host.errors for host in route.hosts):
        row = Row("mx.route", ROUTE, "error", _("no mail host has an address"), _CATEGORY, route.domain)
        yield Finding(
            row,
            Verdict.PROBLEM,
            _("None of the MX hosts has an address; mail to the domain comes back to its sender."),
            _records(route),
            _("Point the MX at a name that has an address record."),
            Owner.ZONE,
        )


def _left_out(route: MailRoute) -> Iterable[Finding]:
    """Says which addresses were not asked: a domain may have more than are looked at."""
    hosts = [host for host in _distinct(route) if host.left_out]
    count = sum(host.left_out for host in hosts)
    if not count:
        return
    text = ngettext(
        "{count} more address was not looked at", "{count} more addresses were not looked at", count
    ).format(count=count)
    yield Finding(
        Row("mx.address.coverage", ADDRESS, "unknown", text, _CATEGORY, route.domain),
        Verdict.UNKNOWN,
        _("The mail servers of the domain have so many addresses that only some of each were asked."),
        tuple(
            _("{name}: {asked} of {count} addresses").format(
                name=host.name, asked=len(host.addresses), count=len(host.addresses) + host.left_out
            )
            for host in hosts
        ),
    )


def _names(host: MailHost, route: MailRoute) -> Iterable[Finding]:
    if host.literal:
        row = Row("mx.name.literal", NAME, "error", _("an address instead of a name"), _CATEGORY, host.name)
        yield Finding(
            row,
            Verdict.PROBLEM,
            _("An MX must hold a name (RFC 1035, 3.3.9); most senders find no address for this one."),
            (f"{route.domain} MX {host.preference} {host.name}",),
            _("Give {name} a name with an address record and point the MX at it.").format(name=host.name),
            Owner.ZONE,
        )
        return
    if host.is_alias and route.kind == "mx":
        ends = ", ".join(host.addresses) or (_("no address") if not host.errors else _("unknown"))
        row = Row(
            "mx.name.alias",
            NAME,
            "warning",
            _("an alias (CNAME) of {canonical}").format(canonical=host.canonical),
            _CATEGORY,
            host.name,
        )
        yield Finding(
            row,
            Verdict.ADVISORY,
            _("An MX must not be an alias (RFC 2181, 10.3); nearly all senders follow it, some refuse to."),
            (f"{host.name} CNAME … {host.canonical}: {ends}",),
            _("Point the MX at {canonical} itself.").format(canonical=host.canonical),
            Owner.ZONE,
        )
    if host.errors and not host.addresses:
        row = Row(
            "mx.name.address",
            NAME,
            "unknown",
            _("its addresses could not be looked up"),
            _CATEGORY,
            host.name,
        )
        yield Finding(
            row,
            Verdict.UNKNOWN,
            _("Whether the MX host has an address could not be told."),
            tuple(map(translate, host.errors)),
        )
    elif not host.addresses:
        yield _dangling(host)
    elif not is_host_name(host.name) and route.kind == "mx":
        row = Row("mx.name.syntax", NAME, "warning", _("no proper host name"), _CATEGORY, host.name)
        yield Finding(
            row,
            Verdict.ADVISORY,
            _("The MX name holds characters that a host name must not hold (RFC 1123, 2.1)."),
            (f"{route.domain} MX {host.preference} {host.name}",),
            _("Use a name of letters, digits and hyphens."),
            Owner.ZONE,
        )


def _dangling(host: MailHost) -> Finding:
    end = host.canonical if host.is_alias else host.name
    gone = _("{name}: no A and no AAAA record") if host.exists else _("{name}: the DNS knows no such name")
    return Finding(
        Row("mx.name.address", NAME, "error", _("leads nowhere"), _CATEGORY, host.name),
        Verdict.PROBLEM,
        _("The MX host has no address: senders skip it, or bounce when there is no other."),
        (gone.format(name=end),),
        _("Give {name} an address record, or take the MX record away.").format(name=end),
        Owner.ZONE,
    )


def _addresses(host: MailHost, own: frozenset[str]) -> Iterable[Finding]:
    special = [
        (address, special_purpose_kind(address))
        for address in host.addresses
        if special_purpose_kind(address)
    ]
    if not special:
        return
    lines = tuple(_(_SPECIAL[kind]).format(host=host.name, address=address) for address, kind in special)
    text = ", ".join(address for address, kind in special)
    if all(address in own for address, kind in special):
        row = Row(
            "mx.address.scope",
            ADDRESS,
            "unknown",
            _("{addresses} is this server seen from inside").format(addresses=text),
            _CATEGORY,
            host.name,
        )
        yield Finding(
            row,
            Verdict.UNKNOWN,
            _(
                "The resolver of this server gives an inside address of it; what the world gets may be "
                "another."
            ),
            lines,
            _("Look {name} up from outside; there it must lead to the public address.").format(
                name=host.name
            ),
            Owner.ZONE,
        )
        return
    row = Row(
        "mx.address.scope",
        ADDRESS,
        "error",
        _("{addresses} is no public address").format(addresses=text),
        _CATEGORY,
        host.name,
    )
    yield Finding(
        row,
        Verdict.PROBLEM,
        _("Nobody outside can reach that address; senders lose time on it or give up."),
        lines,
        _("Publish the public address of {name}, or take the MX record away.").format(name=host.name),
        Owner.ZONE,
    )


def _preferences(route: MailRoute, own: frozenset[str]) -> Iterable[Finding]:
    for preference, count in Counter(host.preference for host in route.hosts).items():
        same = [host for host in route.hosts if host.preference == preference]
        if count == 1 or len({host.name.lower() for host in same}) == 1:
            continue
        names = ", ".join(host.name for host in same)
        here = [host for host in same if own.intersection(host.addresses)]
        row = Row(
            "mx.preference",
            PREFERENCE,
            "ok",
            _("{preference} for {names}").format(preference=preference, names=names),
            _CATEGORY,
            route.domain,
        )
        lines = (_("preference {preference}: {names}").format(preference=preference, names=names),)
        if here and len(here) < len(same):
            row = Row("mx.preference", PREFERENCE, "warning", row.text, _CATEGORY, route.domain)
            why = _(
                "Senders choose at random, so a part of the mail goes to this server and a part elsewhere."
            )
            todo = _(
                "Unless both share their mailboxes, give this server another preference than the others."
            )
            yield Finding(row, Verdict.ADVISORY, why, lines, todo, Owner.ZONE)
            continue
        why = _("Senders choose among them at random, which shares the load.")
        if len(machines(_addresses_of(same), own)) == 1:
            why = _("Senders choose among them at random, but all of them are one machine.")
        yield Finding(row, Verdict.OK, why, lines)
    for host in _distinct(route):
        families = Counter(":" in address for address in host.addresses)
        if max(families.values(), default=0) > 1:
            count = len(host.addresses)
            text = ngettext("{count} address", "{count} addresses", count).format(count=count)
            row = Row("mx.address.count", ADDRESS, "ok", text, _CATEGORY, host.name)
            why = _("Senders take any of the addresses in turn; each of them has to answer.")
            yield Finding(row, Verdict.OK, why, (f"{host.name}: {', '.join(host.addresses)}",))


def _duplicates(route: MailRoute, own: frozenset[str]) -> Iterable[Finding]:
    names = Counter(host.name.lower() for host in route.hosts)
    for name in (name for name, count in names.items() if count > 1):
        numbers = ", ".join(str(host.preference) for host in route.hosts if host.name.lower() == name)
        row = Row(
            "mx.name.duplicate",
            NAME,
            "warning",
            _("listed twice ({numbers})").format(numbers=numbers),
            _CATEGORY,
            name,
        )
        why = _("The same host stands in two MX records; the second adds nothing.")
        yield Finding(
            row, Verdict.ADVISORY, why, _records(route), _("Take one of the records away."), Owner.ZONE
        )
    addresses = _addresses_of(route.hosts)
    for group in (found for found in machines(addresses, own) if len(found) > 1):
        hosts = _(" and ").join(group)
        common = [one for one in addresses[group[0]] if all(one in addresses[name] for name in group)]
        text = _("{address} is behind {hosts}").format(address=", ".join(common), hosts=hosts)
        if not common:
            text = _("{hosts} are one machine").format(hosts=hosts)
        row = Row("mx.address.sharing", ADDRESS, "warning", text, _CATEGORY, route.domain)
        why = _("Two MX hosts are one machine: when it is down, both are.")
        lines = tuple(f"{name}: {', '.join(addresses[name])}" for name in group) if not common else ()
        todo = _("Use one name, or another machine.")
        yield Finding(row, Verdict.ADVISORY, why, (*_records(route), *lines), todo, Owner.ZONE)


def _addresses_of(hosts: Iterable[MailHost]) -> dict[str, tuple[str, ...]]:
    return {host.name.lower(): host.addresses for host in hosts}
