"""Gathers the evidence of one check: what is independent runs at the same time."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from mxverdict import __version__
from mxverdict.collect import dns, smtp
from mxverdict.collect.preview import delay_stanzas, preview
from mxverdict.collect.server import Server, exim_facts, is_local, read_server, relay_entries
from mxverdict.errors import HostError, UsageError
from mxverdict.evidence import Evidence, Preview, Target
from mxverdict.host import Host
from mxverdict.targets import parse as parse_target
from mxverdict.testers import UNKNOWN_HOSTS, Tester
from mxverdict.whm.api import LocalWhmApi, WhmApi

TARGETS_LIMIT = 8
"""How many of the server's addresses a check without a target looks at."""

Progress = Callable[[str], None]


class NoTarget(HostError):
    advice = "Name a domain whose mail comes to this server, or one of the server's own addresses."


def gather(
    host: Host,
    api: WhmApi,
    testers: Sequence[Tester],
    targets: Sequence[str] = (),
    progress: Progress = lambda _: None,
    *,
    reply_timeout: float = smtp.REPLY_TIMEOUT,
) -> Evidence:
    """Look at this server as `testers` would. `targets` are domains, host names or addresses; without one,
    the addresses of the server's name and of its WHM list. `progress` is told each step. `reply_timeout` is
    the patience with this server's own replies, in seconds.

    Raises UsageError (malformed target), NoTarget (nothing of it is this server), CommandMissing and other
    HostError (there is no working Exim).
    """
    wanted = [parse_target(text) for text in targets]
    with ThreadPoolExecutor(16) as pool:
        progress("reading the settings")
        reading = pool.submit(read_server, host, api)
        exim = exim_facts(host)
        server = reading.result()
        hostname = server.hostname or exim.hostname
        remarks: list[str] = []
        found = own_targets(wanted or [hostname], server, bool(wanted), remarks)
        progress(f"previewing {len(testers)} testers, greeting {len(found)} addresses")
        local = [target.local_address for target in found]
        probing = pool.submit(smtp.probe_all, local, hostname, reply_timeout=reply_timeout)
        naming = pool.submit(dns.reverse_all, [target.address for target in found])
        previews = _previews(host, testers, found, pool)
        networks = [network for tester in testers for network in tester.networks]
        return Evidence(
            version=__version__,
            taken_at=time.time(),
            hostname=hostname,
            exim_version=exim.version,
            testers=tuple(tester.name for tester in testers),
            targets=tuple(found),
            previews=previews,
            probes=probing.result(),
            reverse_dns=naming.result(),
            settings=server.settings,
            relay_entries=relay_entries(host, networks),
            remarks=tuple(remarks),
        )


def _previews(
    host: Host, testers: Sequence[Tester], targets: Iterable[Target], pool: ThreadPoolExecutor
) -> tuple[Preview, ...]:
    lines = delay_stanzas(host.exim_conf) or []
    jobs = {
        (source, target.local_address, tester.commands(source)): None
        for tester in testers
        for target in targets
        for source in sources(tester, target.address)
    }
    return tuple(pool.map(lambda job: preview(host, *job, delay_lines=lines), jobs))


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


def own_targets(wanted: Iterable[str], server: Server, named: bool, remarks: list[str]) -> list[Target]:
    """This server's addresses among those that `wanted` (names or addresses) lead to; `named` says that the
    user asked for them. What is left out is told in `remarks`. Raises NoTarget when none is left."""
    own = {target.address: target for target in server.targets}
    own.update({target.local_address: target for target in server.targets})
    found: dict[str, Target] = {}
    for text in wanted:
        for address in _addresses(text, named, remarks):
            if address in own:
                found[own[address].address] = own[address]
            elif is_local(address):
                found[address] = Target(address, address)
            else:
                remarks.append(f"{text}: {address} is not an address of this server; it was not checked")
    if not named:
        for target in server.targets[:TARGETS_LIMIT]:
            found.setdefault(target.address, target)
        if len(server.targets) > TARGETS_LIMIT:
            remarks.append(
                f"{TARGETS_LIMIT} of {len(server.targets)} addresses were checked; name others as targets"
            )
    if not found:
        raise NoTarget(remarks[-1] if remarks else "no address of this server was found")
    listed = [target for target in server.targets if target.address in found]
    return listed + [target for target in found.values() if target not in listed]


def _addresses(text: str, named: bool, remarks: list[str]) -> tuple[str, ...]:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        pass
    else:
        return (text,)
    try:
        hosts = dns.mail_hosts(text) if named else (text,)
        if not hosts:
            remarks.append(f"{text} says that it takes no mail (null MX)")
        addresses = tuple(address for name in hosts for address in dns.addresses_of(name))
    except LookupError as error:
        remarks.append(str(error))
        return ()
    if hosts and not addresses:
        remarks.append(f"{text} has no address")
    return addresses


def preview_addresses(host: Host, addresses: Sequence[str], testers: Sequence[Tester]) -> tuple[Preview, ...]:
    """Preview each of `addresses` (IP) in the words of the first tester, or every source of `testers`, at the
    server's main address. Raises UsageError (malformed address), NoTarget, CommandMissing."""
    named = [_address(text) for text in addresses]
    server = read_server(host, LocalWhmApi(host))
    hostname = server.hostname or exim_facts(host).hostname
    targets = own_targets([hostname], server, False, [])
    lines = delay_stanzas(host.exim_conf) or []
    jobs = [(address, testers[0]) for address in named] or [
        (source, tester) for tester in testers for source in sources(tester, targets[0].address)
    ]
    distinct = {(source, _facing(source, targets), tester.commands(source)): None for source, tester in jobs}
    with ThreadPoolExecutor(4) as pool:
        return tuple(pool.map(lambda job: preview(host, *job, delay_lines=lines), distinct))


def _facing(source: str, targets: Sequence[Target]) -> str:
    """The server's first address of the same IP version as `source`."""
    same = [t.local_address for t in targets if (":" in t.local_address) == (":" in source)]
    if not same:
        raise NoTarget(f"this server has no address of the same IP version as {source}")
    return same[0]


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise UsageError(f"{text[:60]!r} is no IP address") from None
