"""Where mail of domains goes: MX records, their addresses, and a conversation with every remote one.

Each distinct host name is looked up once and each distinct remote address is greeted once, however many
domains share it, and all of them at the same time. The conversation asks with MAIL and RCPT alone, from the
empty sender, and takes its leave with RSET and QUIT; no message is ever sent.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Callable, Optional, TypeVar

from mxverdict.collect.lsearch import read_keys
from mxverdict.collect.progress import Progress
from mxverdict.collect.resolver import LookupResult, lookup
from mxverdict.collect.smtp_client import CONNECT_TIMEOUT, SmtpClient, SmtpError, SmtpReplyError
from mxverdict.evidence import Probe, Reply
from mxverdict.evidence.mail_route import HostGreeting, MailHost, MailRoute, RecipientAnswer, Routing
from mxverdict.host import Host
from mxverdict.i18n.message import Message, join, message_of
from mxverdict.net.address import is_address
from mxverdict.net.special_ranges import special_purpose_kind

HOSTS_LIMIT = 20
"""MX hosts of one domain that are looked at."""
ADDRESSES_LIMIT = 32
"""Addresses of one domain's hosts that are looked at; with more, only one of each IPv6 /64 of a host."""
RECIPIENTS_LIMIT = 100
"""Recipients one host is asked about (RFC 5321 section 4.5.3.1.8: it must take that many)."""
_ALONE = 7
_CONNECTING = 0.8  # of the patience: a connection that takes longer is no slow greeting
_QUIT_TIMEOUT = 2.0
_MAX_LOOKUPS = 64
_MAX_SESSIONS = 256
CONVERSATIONS_LIMIT = 640
"""Addresses that are greeted in one check."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def read_mail_routes(
    domains: Sequence[str], own_addresses: frozenset[str], hostname: str, deadline: float, *, port: int = 25
) -> tuple[tuple[MailRoute, ...], tuple[HostGreeting, ...]]:
    """The routes of `domains` in their order, and one greeting for each remote address in them.

    For the rest see `greet_hosts`.
    """
    routes = find_routes(domains, deadline)
    return routes, greet_hosts(routes, own_addresses, hostname, deadline, port=port)


def greet_hosts(
    routes: Sequence[MailRoute],
    own_addresses: frozenset[str],
    hostname: str,
    deadline: float,
    *,
    port: int = 25,
    progress: Optional[Progress] = None,
) -> tuple[HostGreeting, ...]:
    """One greeting for each distinct remote address in `routes`, all at the same time; those beyond
    CONVERSATIONS_LIMIT are not talked to.

    `own_addresses` are this server's, seen from inside and outside; they are not talked to, because Exim
    trusts them. Nor are private, loopback, link-local and reserved ones. `hostname` is the name for EHLO.
    `deadline` is a value of `time.monotonic()`; nothing is raised. `progress` counts the addresses.
    """
    wanted: dict[str, list[str]] = {}
    for route in routes:
        for host in route.hosts:
            for address in host.addresses:
                if address not in own_addresses:
                    asked = wanted.setdefault(address, [])
                    asked.extend([route.domain] if route.domain not in asked[-1:] else [])

    def one(address: str) -> HostGreeting:
        return greet(address, wanted[address], hostname, deadline, port=port)

    asked, rest = list(wanted)[:CONVERSATIONS_LIMIT], list(wanted)[CONVERSATIONS_LIMIT:]
    counted = (progress or Progress()).counted("hosts", len(asked), one)
    too_many = Message("not asked: {count} were before it", count=CONVERSATIONS_LIMIT)
    return (
        *_at_once(counted, asked, _MAX_SESSIONS),
        *(HostGreeting(address, "too_many", Probe(address, (), None, too_many)) for address in rest),
    )


def greet(
    address: str, domains: Sequence[str], hostname: str, deadline: float, *, port: int = 25
) -> HostGreeting:
    """One conversation with a remote mail host: does it take mail for each of `domains`, does it relay?

    The recipients are the postmaster of each domain, whom every host must take (RFC 5321 section 4.5.1), and,
    to see whether it relays, the postmaster of this server (`hostname`): nobody else's address is used.
    """
    kind = special_purpose_kind(address)
    if kind:
        left_alone = Message("it is a {kind} address and was left alone", kind=kind)
        return HostGreeting(address, "not_public", Probe(address, (), None, left_alone))
    patience = max(0.0, deadline - time.monotonic())
    connecting = min(CONNECT_TIMEOUT, _CONNECTING * patience)
    client = SmtpClient(address, port, patience, deadline=deadline, connect_timeout=connecting)
    outcome, failure = "greeted", ""
    introduced: Optional[int] = None
    answers: list[RecipientAnswer] = []
    try:
        client.connect()
        hello = client.hello(hostname or "localhost")
        introduced = len(client.stages)
        answers += _ask(client, _recipients(domains, hostname), hello.offers("PIPELINING"))
        _quit(client)
    except SmtpReplyError as error:
        outcome = "busy" if 400 <= error.reply.code < 500 else "turned_away"
        failure = _refusal(error)
        _quit(client)
    except SmtpError as error:
        outcome, failure = error.cause, message_of(error)
    finally:
        client.close()
    stages = tuple(client.stages[:introduced])
    return HostGreeting(address, outcome, Probe(address, stages, None, failure), tuple(answers), patience)


def read_routing(host: Host, domains: Sequence[str]) -> tuple[Routing, ...]:
    """Return which of cPanel's domain lists each domain is in."""
    lists = []
    errors = []
    for path in (host.localdomains, host.remotedomains, host.secondarymx):
        try:
            lists.append(read_keys(path))
        except FileNotFoundError:
            lists.append(frozenset())
        except OSError as error:
            lists.append(frozenset())
            errors.append(f"{path}: {error.strerror or error}")
    local, remote, secondary = lists
    return tuple(
        Routing(domain, name in local, name in remote, name in secondary, "; ".join(errors))
        for domain, name in ((domain, domain.lower().rstrip(".")) for domain in domains)
    )


def find_routes(domains: Sequence[str], deadline: float) -> tuple[MailRoute, ...]:
    """The routes of `domains` in their order. `deadline` is a value of `time.monotonic()`; the look-up of
    addresses leaves half of the time to what follows, so that one dead name server does not cost it all."""
    routes = _at_once(lambda domain: _records(domain, deadline), list(domains), _MAX_LOOKUPS)
    names = list(dict.fromkeys(host.name.lower() for route in routes for host in route.hosts))
    now = time.monotonic()
    half = now + (deadline - now) / 2
    pairs = [(name, kind) for name in names if not is_address(name.strip("[]")) for kind in ("A", "AAAA")]
    answers = dict(zip(pairs, _at_once(lambda pair: lookup(*pair, half), pairs, _MAX_LOOKUPS)))
    found = {
        name: _host(name, [answers[name, kind] for kind in ("A", "AAAA") if (name, kind) in answers])
        for name in names
    }
    return tuple(_complete(route, found) for route in routes)


def _records(domain: str, deadline: float) -> MailRoute:
    """The route as far as the MX records tell it; its hosts have no addresses yet."""
    answer = lookup(domain, "MX", deadline)
    if answer.error:
        return MailRoute(domain, "unknown", domain, error=answer.error)
    if not answer.exists:
        return MailRoute(domain, "missing", answer.canonical)
    pairs = sorted(_preference_and_name(record) for record in answer.records)
    named = [(preference, name) for preference, name in pairs if name]
    kind = "mx" if named else "null" if pairs else "implicit"
    if kind == "implicit":
        named = [(0, domain)]
    return MailRoute(
        domain,
        kind,
        answer.canonical,
        records=tuple(f"{preference} {name or '.'}" for preference, name in pairs[:HOSTS_LIMIT]),
        hosts=tuple(
            MailHost(name, preference, name, False, True, ()) for preference, name in named[:HOSTS_LIMIT]
        ),
        has_null_mx=len(named) < len(pairs),
        left_out=max(0, len(named) - HOSTS_LIMIT),
    )


def _preference_and_name(record: str) -> tuple[int, str]:
    preference, _, name = record.partition(" ")
    return int(preference), name[:-1] if name.endswith(".") else name


def _host(name: str, answers: Sequence[LookupResult]) -> MailHost:
    """`answers` are those for A and AAAA, none for a literal."""
    if not answers:
        return MailHost(name, 0, name, True, False, ())
    found = [address for answer in answers for address in answer.records[:ADDRESSES_LIMIT]]
    left_out = sum(len(answer.records) for answer in answers) - len(found)
    return MailHost(
        name,
        0,
        answers[0].canonical if not answers[0].error else answers[1].canonical,
        False,
        any(answer.exists for answer in answers),
        tuple(found),
        tuple(answer.error for answer in answers if answer.error),
        left_out,
    )


def _complete(route: MailRoute, found: dict[str, MailHost]) -> MailRoute:
    hosts = []
    for host in route.hosts:
        seen = found[host.name.lower()]
        canonical = host.name if seen.canonical.lower() == host.name.lower() else seen.canonical
        hosts.append(replace(seen, name=host.name, preference=host.preference, canonical=canonical))
    kind = route.kind
    if kind == "implicit" and not hosts[0].addresses:
        kind = "unknown" if hosts[0].errors else "none"
    error = join(hosts[0].errors) if kind == "unknown" and hosts else route.error
    return replace(route, kind=kind, hosts=bounded(hosts), error=error)


def bounded(hosts: Sequence[MailHost]) -> tuple[MailHost, ...]:
    """Leave out addresses until ADDRESSES_LIMIT are left in all: each host keeps its first ones.

    Nothing is left out of fewer; of more, a host keeps one of each IPv6 /64: who has one has them all.
    """
    if len({address for host in hosts for address in host.addresses}) <= ADDRESSES_LIMIT:
        return tuple(hosts)
    apart = [_one_of_each_network(host.addresses) for host in hosts]
    chosen: set[str] = set()
    for nth in itertools.zip_longest(*apart):
        for address in nth:
            if address is not None and len(chosen) < ADDRESSES_LIMIT:
                chosen.add(address)
    bounds = []
    for host, addresses in zip(hosts, apart):
        kept = tuple(address for address in addresses if address in chosen)
        left_out = host.left_out + len(host.addresses) - len(kept)
        bounds.append(replace(host, addresses=kept, left_out=left_out))
    return tuple(bounds)


def _one_of_each_network(addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses without those whose /64 (IPv6) has been named before."""
    first: dict[object, str] = {}
    for address in addresses:
        parsed = ipaddress.ip_address(address)
        first.setdefault(address if parsed.version == 4 else int(parsed) >> 64, address)
    return tuple(first.values())


def _refusal(error: SmtpReplyError) -> Message:
    reply = f"{error.reply.code} {' '.join(error.reply.lines)}".rstrip()
    if error.stage == "connect":
        return Message("the connection was answered with {reply}", reply=reply)
    return Message("HELO was answered with {reply}", reply=reply)


def _quit(client: SmtpClient) -> None:
    with contextlib.suppress(SmtpError):
        client.command("quit", "QUIT", timeout=_QUIT_TIMEOUT)


def _recipients(domains: Sequence[str], hostname: str) -> list[tuple[str, str]]:
    """Pairs of domain ("" for the foreign recipient) and recipient, the most telling first."""
    asked = [(domain, f"postmaster@{domain}") for domain in domains]
    own = hostname.lower().rstrip(".")
    if "." in own and own not in (domain.lower() for domain in domains):
        asked.insert(1, ("", f"postmaster@{own}"))
    return asked


def _ask(
    client: SmtpClient, recipients: Sequence[tuple[str, str]], pipelining: bool
) -> Iterator[RecipientAnswer]:
    """An answer for each recipient. The first have a transaction each, as a bounce has, the rest share one:
    an Exim hangs up at the eleventh RSET (`smtp_accept_max_nonmail`)."""
    alone, rest = recipients[:_ALONE], recipients[_ALONE:RECIPIENTS_LIMIT]
    refused = 0
    reason = ""
    for group in (*([one] for one in alone), *([rest] if rest else [])):
        if refused == _ALONE:
            reason = Message("not asked: the host had refused the {count} before", count=refused)
        for answer in _transaction(client, group, pipelining, reason):
            refused += answer.reply is not None and answer.reply.code >= 500
            reason = answer.reason if answer.reply is None else reason
            yield answer
    for domain, recipient in recipients[RECIPIENTS_LIMIT:]:
        left_out = Message("not asked: {count} were before it", count=RECIPIENTS_LIMIT)
        yield RecipientAnswer(domain, recipient, None, reason=left_out)


def _transaction(
    client: SmtpClient, recipients: Sequence[tuple[str, str]], pipelining: bool, reason: str
) -> Iterator[RecipientAnswer]:
    """MAIL, a RCPT for each recipient, RSET. `reason` says why nothing can be asked any more ("": it can)."""
    rcpt = [("rcpt", f"RCPT TO:<{recipient}>") for _, recipient in recipients]
    steps = [("mail", "MAIL FROM:<>"), *rcpt, ("rset", "RSET")]
    replies = client.pipeline(steps) if pipelining else (client.command(*step) for step in steps)
    sender: Optional[Reply] = None
    for domain, recipient in recipients:
        answer = RecipientAnswer(domain, recipient, None, reason=reason)
        try:
            if not reason:
                sender = sender or next(replies)
                reply = next(replies)
                at_mail = not sender.positive
                seconds = client.stages[-1].seconds
                answer = RecipientAnswer(
                    domain,
                    recipient,
                    sender if at_mail else reply,
                    seconds,
                    stage="mail" if at_mail else "rcpt",
                )
        except SmtpError as error:
            reason = message_of(error)
            answer = RecipientAnswer(domain, recipient, None, reason=reason)
        yield answer
    if not reason:
        with contextlib.suppress(SmtpError):
            next(replies)


def _at_once(work: Callable[[_In], _Out], items: Sequence[_In], limit: int) -> tuple[_Out, ...]:
    if not items:
        return ()
    with ThreadPoolExecutor(min(limit, len(items))) as pool:
        return tuple(pool.map(work, items))
