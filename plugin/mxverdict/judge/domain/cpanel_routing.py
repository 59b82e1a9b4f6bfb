"""Judges which of a domain's mail hosts is this server, and whether cPanel routes the domain accordingly.

cPanel's Email Routing (cPanel documentation, "Email Routing"): *local* when the best MX is this server,
*backup* when another is better, *remote* when none is. The lists are /etc/localdomains, /etc/secondarymx and
/etc/remotedomains.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from mxverdict.evidence.mail_route import MailHost, MailRoute, Routing
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate

THIS_SERVER = N_("This server")
ROUTING = N_("Email Routing in cPanel")
_CATEGORY = "mx"
_CHANGE = {
    "local": N_(
        "Set Email Routing of the domain to local in cPanel (or in WHM, Edit MX Entry), or change the MX."
    ),
    "backup": N_(
        "Set Email Routing of the domain to backup in cPanel (or in WHM, Edit MX Entry), or change the MX."
    ),
    "remote": N_(
        "Set Email Routing of the domain to remote in cPanel (or in WHM, Edit MX Entry), or change the MX."
    ),
}
_KINDS = {
    "local": N_("local"),
    "backup": N_("backup"),
    "remote": N_("remote"),
    "": N_("not set"),
}


def judge_routing(route: MailRoute, own: frozenset[str], routing: Optional[Routing]) -> tuple[Finding, ...]:
    if not any(host.addresses for host in route.hosts):
        return tuple(_unreachable(route, routing))
    place = _place(route, own)
    if place == "none" and any(host.errors for host in route.hosts):
        row = Row("mx.server", THIS_SERVER, "unknown", _("not told"), _CATEGORY, route.domain)
        why = _("Whether this server is among the mail hosts could not be told: a look-up failed.")
        lines = tuple(translate(error) for host in route.hosts for error in host.errors)
        return (Finding(row, Verdict.UNKNOWN, why, lines),)
    return (_where(route, own, place), *_routing(route, place, routing))


def _place(route: MailRoute, own: frozenset[str]) -> str:
    """Return `best`, `backup` or `none`: this server's rank among the hosts that have addresses."""
    with_address = [host for host in route.hosts if host.addresses]
    best = with_address[0].preference
    mine = [host.preference for host in with_address if own.intersection(host.addresses)]
    if not mine:
        return "none"
    return "best" if min(mine) == best else "backup"


def _where(route: MailRoute, own: frozenset[str], place: str) -> Finding:
    lines = tuple(f"{host.preference} {host.name}: {_addresses(host, own)}" for host in route.hosts)
    mine = ", ".join(host.name for host in route.hosts if own.intersection(host.addresses))
    if place == "none":
        row = Row(
            "mx.server", THIS_SERVER, "warning", _("is none of the mail hosts"), _CATEGORY, route.domain
        )
        why = _("Mail from outside goes to other servers; nothing that is set here changes it.")
        return Finding(row, Verdict.ADVISORY, why, lines)
    if place == "backup":
        row = Row(
            "mx.server",
            THIS_SERVER,
            "ok",
            _("is a backup ({hosts})").format(hosts=mine),
            _CATEGORY,
            route.domain,
        )
        return Finding(row, Verdict.OK, _("Mail comes here only when the better hosts do not answer."), lines)
    row = Row(
        "mx.server",
        THIS_SERVER,
        "ok",
        _("is the best mail host ({hosts})").format(hosts=mine),
        _CATEGORY,
        route.domain,
    )
    return Finding(row, Verdict.OK, _("Mail from outside comes to this server first."), lines)


def _addresses(host: MailHost, own: frozenset[str]) -> str:
    here = _("{address} (this server)")
    shown = (here.format(address=address) if address in own else address for address in host.addresses)
    return ", ".join(shown) or _("no address")


def _routing(route: MailRoute, place: str, routing: Optional[Routing]) -> Iterable[Finding]:
    if routing is None:
        return
    lines = (_lists(routing),)
    if routing.error:
        row = Row("mx.routing", ROUTING, "unknown", _("could not be read"), _CATEGORY, route.domain)
        yield Finding(
            row,
            Verdict.UNKNOWN,
            _("How this server routes the domain could not be read."),
            (translate(routing.error),),
        )
        return
    kind = _kind(routing)
    if routing.local and (routing.remote or routing.secondary):
        row = Row("mx.routing", ROUTING, "error", _("contradicts itself"), _CATEGORY, route.domain)
        why = _("The domain stands in lists that exclude each other; Exim goes by /etc/localdomains.")
        todo = _(_CHANGE[_FITTING[place]])
        yield Finding(row, Verdict.PROBLEM, why, lines, todo, Owner.SERVER)
        return
    if kind == "" and place == "none":
        return
    if kind == _FITTING[place]:
        row = Row("mx.routing", ROUTING, "ok", _(_KINDS[kind]), _CATEGORY, route.domain)
        yield Finding(row, Verdict.OK, _("It fits the MX records."), lines)
        return
    why, verdict = _MISFITS[kind, place]
    if kind == "" and route.canonical.lower() != route.domain.lower():
        row = Row("mx.routing", ROUTING, "warning", _(_KINDS[""]), _CATEGORY, route.domain)
        why = _(
            "This server takes no mail for the name, an alias of {canonical}; few aliases get any."
        ).format(canonical=route.canonical)
        yield Finding(row, Verdict.ADVISORY, why, lines)
        return
    row = Row(
        "mx.routing",
        ROUTING,
        "error" if verdict is Verdict.PROBLEM else "warning",
        _(_KINDS[kind]),
        _CATEGORY,
        route.domain,
    )
    todo = _(_CHANGE[_FITTING[place]])
    if (kind, place) == ("local", "none"):
        leave = _("If a filter in front hands the mail on to this server, local is right: leave it.")
        todo = f"{todo} {leave}"
    yield Finding(row, verdict, _(why), lines, todo, Owner.SERVER)


def _unreachable(route: MailRoute, routing: Optional[Routing]) -> Iterable[Finding]:
    """Judge a domain whose mail can go nowhere, but which this server accepts as its own."""
    if routing is None or not routing.local or route.kind not in ("null", "none", "mx", "missing"):
        return
    if any(host.errors for host in route.hosts):
        return
    row = Row("mx.routing", ROUTING, "warning", _(_KINDS["local"]), _CATEGORY, route.domain)
    yield Finding(
        row,
        Verdict.ADVISORY,
        _("This server keeps mail for the domain, but only its own users can reach it."),
        (_lists(routing),),
        _("Publish an MX if the domain is to get mail from outside."),
        Owner.ZONE,
    )


def _kind(routing: Routing) -> str:
    if routing.local:
        return "local"
    if routing.secondary:
        return "backup"
    return "remote" if routing.remote else ""


def _lists(routing: Routing) -> str:
    flags = (
        ("/etc/localdomains", routing.local),
        ("/etc/remotedomains", routing.remote),
        ("/etc/secondarymx", routing.secondary),
    )
    named = ", ".join(name for name, listed in flags if listed)
    if not named:
        return _("{domain} stands in none of the lists of domains").format(domain=routing.domain)
    return _("{domain} stands in {files}").format(domain=routing.domain, files=named)


_FITTING = {"best": "local", "backup": "backup", "none": "remote"}
_MISFITS = {
    ("local", "backup"): (
        N_("Mail that falls back to this server stays here instead of going on to the better host."),
        Verdict.PROBLEM,
    ),
    ("local", "none"): (
        N_(
            "Mail sent from this server to the domain stays here, while everybody else's goes to other "
            "servers."
        ),
        Verdict.PROBLEM,
    ),
    ("remote", "best"): (
        N_("Mail for the domain comes to this server, which does not take it."),
        Verdict.PROBLEM,
    ),
    ("remote", "backup"): (
        N_("Mail that falls back to this server is refused, because it does not count itself as a backup."),
        Verdict.PROBLEM,
    ),
    ("backup", "best"): (
        N_("This server holds the mail for a better host, but it is the best one itself."),
        Verdict.PROBLEM,
    ),
    ("backup", "none"): (
        N_("This server is set up as a backup, but no MX leads to it, so it never gets such mail."),
        Verdict.ADVISORY,
    ),
    ("", "best"): (
        N_("Mail for the domain comes to this server, which does not know the domain and refuses it."),
        Verdict.PROBLEM,
    ),
    ("", "backup"): (
        N_("Mail that falls back to this server is refused, because it does not know the domain."),
        Verdict.PROBLEM,
    ),
}
