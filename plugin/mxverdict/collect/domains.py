"""Collects everything about domains: where their mail goes, what DNS says of them, what they publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from mxverdict.collect.mail_policy import read_policy
from mxverdict.collect.mail_route import find_routes, greet_hosts, read_routing
from mxverdict.collect.progress import Progress
from mxverdict.collect.resolver import lookup
from mxverdict.collect.zone import read_zones
from mxverdict.evidence import Domain
from mxverdict.evidence.mail_route import HostGreeting, MailRoute
from mxverdict.evidence.outgoing import Outgoing, sending_addresses
from mxverdict.evidence.policy import Policy
from mxverdict.evidence.zone import Zone
from mxverdict.host import Host

_Out = TypeVar("_Out")
_AT_A_TIME = 32


def read_routes(
    host: Host, names: Sequence[str], deadline: float
) -> tuple[tuple[MailRoute, ...], frozenset[str]]:
    """The mail route of each name, and which of the names are domains rather than names of hosts: those with
    MX records or a zone of their own, those this server takes mail for, and those DNS gave no answer about.
    """
    routes = find_routes(names, deadline)
    unsure = [route.domain for route in routes if route.kind in ("implicit", "none")]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        answers = dict(zip(unsure, pool.map(lambda name: lookup(name, "SOA", deadline), unsure)))
    served = {routing.domain for routing in read_routing(host, names) if routing.local or routing.secondary}
    domains = {route.domain for route in routes if route.kind in ("mx", "null", "unknown")}
    domains |= {route.domain for route in routes if route.kind == "missing" and route.domain in served}
    domains |= {name for name, answer in answers.items() if answer.records and answer.canonical == name}
    return routes, frozenset(domains)


def read_domains(
    host: Host,
    routes: Sequence[MailRoute],
    own_addresses: frozenset[str],
    hostname: str,
    outgoing: Future[tuple[Outgoing, ...]],
    deadline: float,
    progress: Progress,
    add: Callable[[str, object], None],
) -> tuple[tuple[Domain, ...], tuple[HostGreeting, ...]]:
    """The domains of `routes`, and one greeting for each remote mail host of them. Nothing is raised.

    `progress` counts the parts `zone`, `policy` and `hosts`, and `add` takes their results, of the first two
    in the order of `routes`."""
    names = [route.domain for route in routes]

    def policy(domain: str) -> Policy:
        return read_policy(domain, deadline, sending_addresses(domain, outgoing.result()))

    def policies() -> tuple[Policy, ...]:
        return tuple(pool.map(progress.counted("policy", len(names), policy), names))

    def zones() -> tuple[Zone, ...]:
        return read_zones(names, deadline, progress)

    def greetings() -> tuple[HostGreeting, ...]:
        return greet_hosts(routes, own_addresses, hostname, deadline, progress=progress)

    def found(part: str, work: Callable[[], _Out]) -> _Out:
        result = work()
        add(part, result)
        return result

    with ThreadPoolExecutor(_AT_A_TIME + 3) as pool:
        greeting = pool.submit(found, "hosts", greetings)
        reading_zones = pool.submit(found, "zone", zones)
        reading = pool.submit(found, "policy", policies)
        routings = read_routing(host, names)
        domains = tuple(
            Domain(route.domain, route, zone, read, routing)
            for route, zone, read, routing in zip(routes, reading_zones.result(), reading.result(), routings)
        )
        return domains, greeting.result()
