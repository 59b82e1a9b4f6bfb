"""Collects the evidence of one check: what is independent runs at the same time."""

from __future__ import annotations

import contextlib
import ipaddress
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Optional, TypeVar

from mxverdict import __version__
from mxverdict import testers as catalogue
from mxverdict.collect import resolver, smtp_probe
from mxverdict.collect.dnsbl import read_blocklists
from mxverdict.collect.domains import read_domains, read_routes
from mxverdict.collect.evidence_builder import EvidenceBuilder, pending_domains
from mxverdict.collect.exim_sessions import EximSessions, Job
from mxverdict.collect.mail_route import read_routing
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.collect.open_relay import read_relay
from mxverdict.collect.outgoing import read_outgoing
from mxverdict.collect.progress import PARTS, Progress
from mxverdict.collect.server import Server, exim_facts, is_local, read_server, relay_entries
from mxverdict.collect.targets import listed_first, own_targets, usual_targets
from mxverdict.errors import NoLocalTargetError, UsageError
from mxverdict.evidence import Domain, Evidence, Preview, RequestedTarget, Target
from mxverdict.evidence.mail_route import MailRoute
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.evidence.relay import RelayProbe
from mxverdict.host import Host
from mxverdict.i18n.message import Message, message_of
from mxverdict.net.address import is_address
from mxverdict.net.target import parse_target
from mxverdict.testers import UNKNOWN_HOSTS, Tester
from mxverdict.whm.api import LocalWhmApi, WhmApi

BUDGET = 60.0
"""Seconds for everything that is asked of the outside."""

HISTORY = 7 * 86_400.0
"""How far back testers' visits are looked for, in seconds."""
HISTORY_BYTES = 64 * 1024 * 1024
"""Of the log, at the first look."""

READING_SETTINGS = Message("reading the settings")
GREETING = Message("previewing {testers}, greeting this server")
ASKING_DOMAINS = Message("asking DNS and the mail hosts of {domains}")
ASKING_BLOCKLISTS = Message("asking the blocklists")

_UNRESOLVED = Message("{name} does not resolve: it does not exist, or has no address")
_NOT_OURS = Message("{address} is not an address of this server; it was not checked")
_NOT_OURS_OF = Message("{name}: {address} is not an address of this server; it was not checked")
_Out = TypeVar("_Out")


def collect_evidence(
    host: Host,
    api: WhmApi,
    testers: Sequence[Tester],
    targets: Sequence[str] = (),
    progress: Optional[Progress] = None,
    *,
    reply_timeout: float = smtp_probe.REPLY_TIMEOUT,
    budget: float = BUDGET,
) -> Evidence:
    """Look at this server as `testers` would. `targets` are domains, host names or addresses; without one,
    the addresses of the server's name and of its WHM list. Of a domain everything is looked at that testers
    grade, of named addresses the blocklists too. `progress` takes in how far it is and what is found by then.
    `reply_timeout` is for each of this server's own replies, `budget` for everything that is asked of others,
    in seconds.

    Raises UsageError (malformed target), NoLocalTargetError (nothing of it is this server),
    CommandNotFoundError and other HostError (there is no working Exim).
    """
    deadline = time.monotonic() + budget
    wanted = list(dict.fromkeys(parse_target(text) for text in targets))
    progress = progress or Progress()
    for part in _parts(wanted, any(not is_address(name) for name in wanted)):
        progress.advance(part, 0, 1)
    with ThreadPoolExecutor(16) as pool:
        progress.step(READING_SETTINGS)
        reading = pool.submit(read_server, host, api)
        routing = pool.submit(read_routes, host, [name for name in wanted if not is_address(name)], deadline)
        exim = exim_facts(host)
        server = reading.result()
        hostname = server.hostname or exim.hostname
        routes, domain_names = routing.result()
        remarks: list[str] = []
        unresolved: set[str] = set()
        asked = asked_targets(wanted, routes, domain_names, server, remarks, unresolved) if wanted else {}
        named = listed_first((target for targets_ in asked.values() for target in targets_), server)
        found = named if wanted else _usual(hostname, server, remarks)
        domain_routes = [route for route in routes if route.domain in domain_names]
        seen = {address for route in domain_routes for host_ in route.hosts for address in host_.addresses}
        own = local_addresses(seen, server, found)
        networks = [network for tester in testers for network in tester.networks]

        def completed(evidence: Evidence) -> Evidence:
            names = local_addresses(_name_servers(evidence.domains), server, found)
            return replace(evidence, taken_at=time.time(), own_addresses=tuple(sorted(own | names)))

        known = Evidence(
            version=__version__,
            taken_at=time.time(),
            hostname=hostname,
            exim_version=exim.version,
            testers=tuple(tester.name for tester in testers),
            targets=tuple(found),
            previews=(),
            probes=(),
            reverse_dns=(),
            settings=server.settings,
            relay_entries=relay_entries(host, networks),
            remarks=tuple(remarks),
            asked=tuple(
                RequestedTarget(text, tuple(t.address for t in led), text not in unresolved)
                for text, led in asked.items()
            ),
            domains=pending_domains(
                domain_routes, read_routing(host, [route.domain for route in domain_routes])
            ),
        )
        builder = EvidenceBuilder(known, _parts(wanted, bool(domain_routes)), progress, completed)
        builder.add("settings", server)

        def begin(part: str, work: Callable[..., _Out], *args: Any, **options: Any) -> Future[_Out]:
            def run() -> _Out:
                result = work(*args, **options)
                builder.add(part, result)
                return result

            return pool.submit(run)

        progress.step(GREETING.format(testers=_testers(len(testers))))
        local = [target.local_address for target in found]
        since = time.time() - HISTORY
        known_testers = catalogue.load(host=host).testers
        begun: list[Future[Any]] = [
            begin("greeting", smtp_probe.probe_all, local, hostname, reply_timeout=reply_timeout),
            begin("names", resolver.reverse_all, [target.address for target in found]),
            begin("log", read_visits, host, known_testers, since, max_bytes=HISTORY_BYTES),
        ]
        leaving = begin("outgoing", read_outgoing, host, server.targets or found, deadline)
        if domain_routes:
            progress.step(ASKING_DOMAINS.format(domains=_domains(len(domain_routes))))
            options = (domain_routes, own, hostname, leaving, deadline, progress, builder.add)
            begun.append(pool.submit(read_domains, host, *options))
        sessions = EximSessions(host)
        begun.append(begin("relay", _relay, sessions, found, routes, hostname, deadline))
        builder.add("previews", _previews(sessions, testers, found, progress))
        outgoing = leaving.result()
        if wanted:
            progress.step(ASKING_BLOCKLISTS)
            addresses = addresses_to_check(found, outgoing, seen)
            builder.add("blocklists", read_blocklists(addresses, deadline, progress=progress))
        for future in begun:
            future.result()
        return builder.evidence()


def _parts(wanted: Sequence[str], domains: bool) -> tuple[str, ...]:
    """What the check consists of, of PARTS."""
    left_out = set() if domains else {"policy", "zone", "hosts"}
    if not wanted:
        left_out.add("blocklists")
    return tuple(part for part in PARTS if part not in left_out)


def _usual(hostname: str, server: Server, remarks: list[str]) -> list[Target]:
    addresses: Sequence[str] = ()
    try:
        addresses = resolver.addresses_of(hostname)
    except LookupError as error:
        remarks.append(message_of(error))
    return usual_targets(addresses, server, remarks)


def asked_targets(
    wanted: Sequence[str],
    routes: Sequence[MailRoute],
    domains: frozenset[str],
    server: Server,
    remarks: list[str],
    unresolved: set[str],
) -> dict[str, tuple[Target, ...]]:
    """Return what each target leads to on this server. What is somebody else's is noted in `remarks`, except
    of domains, whose mail hosts are checked wherever they are; names without an address are added to
    `unresolved`. Raises NoLocalTargetError when nothing is left."""
    led = {route.domain: [a for host in route.hosts for a in host.addresses] for route in routes}
    led.update({text: [text] for text in wanted if is_address(text)})
    found = own_targets({text: led[text] for text in wanted}, server)
    nowhere = {route.domain for route in routes if route.kind in ("missing", "none")}
    for text in wanted:
        if text in nowhere:
            unresolved.add(text)
        if text in domains:
            continue
        if not led[text]:
            remarks.append(_UNRESOLVED.format(name=text))
        own = {address for target in found[text] for address in (target.address, target.local_address)}
        remarks += [
            (_NOT_OURS if text == address else _NOT_OURS_OF).format(name=text, address=address)
            for address in led[text]
            if address not in own
        ]
    if not domains and not any(found.values()):
        error = NoLocalTargetError(remarks[-1])
        error.unresolved = tuple(sorted(unresolved))
        raise error
    return found


def _relay(
    sessions: EximSessions,
    found: Sequence[Target],
    routes: Sequence[MailRoute],
    hostname: str,
    deadline: float,
) -> tuple[RelayProbe, ...]:
    """Ask in the words of the tester that asks, at a domain of this server where one was named."""
    served = [r.domain for r in read_routing(sessions.host, [route.domain for route in routes]) if r.local]
    asking = next(tester for tester in catalogue.load().testers if tester.rcpt_to)
    local = [target.local_address for target in found]
    domain = next(iter(served), hostname)
    return read_relay(sessions, local, domain, hostname, asking.rcpt_to, asking.ehlo, deadline)


def local_addresses(addresses: Iterable[str], server: Server, found: Sequence[Target]) -> frozenset[str]:
    """This server's addresses, from inside and outside, and those of `addresses` that are on it."""
    known = {text for t in (*server.targets, *found) for text in (t.address, t.local_address)}
    return frozenset(known | {address for address in addresses if is_local(address)})


def _name_servers(domains: Iterable[Domain]) -> set[str]:
    return {server.address for domain in domains for server in domain.zone.servers}


def addresses_to_check(
    targets: Sequence[Target], outgoing: Sequence[Outgoing], mail_hosts: set[str]
) -> list[str]:
    """Addresses that blocklists are asked about: those looked at, those mail leaves from, all mail hosts."""
    sending = [one.address for one in outgoing if one.address]
    return list(dict.fromkeys([*(target.address for target in targets), *sending, *sorted(mail_hosts)]))


def _previews(
    sessions: EximSessions, testers: Sequence[Tester], targets: Iterable[Target], progress: Progress
) -> tuple[Preview, ...]:
    jobs: list[Job] = [
        (source, target.local_address, tester.commands(source))
        for tester in testers
        for target in targets
        for source in sources(tester, target.address)
    ]
    return tuple(sessions.play_all(jobs, progress).values())


def sources(tester: Tester, server_address: str) -> tuple[str, ...]:
    """Addresses to preview for a tester: an example of each network of the family, or any unknown host."""
    version = ipaddress.ip_address(server_address).version
    known = tuple(
        address.example
        for address in tester.addresses
        if ipaddress.ip_network(address.network).version == version
    )
    if tester.addresses:
        return known
    return (UNKNOWN_HOSTS[version],)


def preview_addresses(host: Host, addresses: Sequence[str], testers: Sequence[Tester]) -> tuple[Preview, ...]:
    """Preview each of `addresses` (IP) in the words of the first tester, or every source of `testers`, at the
    server's main address. Raises UsageError (malformed address), NoLocalTargetError, CommandNotFoundError."""
    named = [_address(text) for text in addresses]
    server = read_server(host, LocalWhmApi(host))
    hostname = server.hostname or exim_facts(host).hostname
    own: Sequence[str] = ()
    with contextlib.suppress(LookupError):
        own = resolver.addresses_of(hostname)
    targets = usual_targets(own, server, [])
    asked = [(address, testers[0]) for address in named] or [
        (source, tester) for tester in testers for source in sources(tester, targets[0].address)
    ]
    jobs: list[Job] = [
        (source, local_address_for(source, targets), tester.commands(source)) for source, tester in asked
    ]
    return tuple(EximSessions(host).play_all(jobs).values())


def local_address_for(source: str, targets: Sequence[Target]) -> str:
    """The server's first address of the same IP version as `source`."""
    same = [t.local_address for t in targets if (":" in t.local_address) == (":" in source)]
    if not same:
        raise NoLocalTargetError(
            Message("this server has no address of the same IP version as {source}", source=source)
        )
    return same[0]


def _testers(count: int) -> str:
    return Message("1 tester") if count == 1 else Message("{count} testers", count=count)


def _domains(count: int) -> str:
    return Message("1 domain") if count == 1 else Message("{count} domains", count=count)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise UsageError(Message("{name} is no IP address", name=repr(text[:60]))) from None
