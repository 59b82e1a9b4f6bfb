"""Gathers everything about domains: where their mail goes, what DNS says of them, what they publish."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from mxverdict.collect.dns import look_up
from mxverdict.collect.mail_route import find_routes, greet_hosts, read_routing
from mxverdict.collect.policy import read_policy
from mxverdict.collect.zone import read_zones
from mxverdict.evidence import Domain
from mxverdict.evidence.mail_route import HostGreeting, MailRoute
from mxverdict.evidence.outgoing import Outgoing, sending_addresses
from mxverdict.evidence.policy import Policy
from mxverdict.host import Host

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
        answers = dict(zip(unsure, pool.map(lambda name: look_up(name, "SOA", deadline), unsure)))
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
) -> tuple[tuple[Domain, ...], tuple[HostGreeting, ...]]:
    """The domains of `routes`, and one greeting for each remote mail host of them. Nothing is raised."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        greeting = pool.submit(greet_hosts, routes, own_addresses, hostname, deadline)
        names = [route.domain for route in routes]
        zones = pool.submit(read_zones, names, deadline)
        policies = [pool.submit(_policy, route.domain, outgoing, deadline) for route in routes]
        routings = read_routing(host, names)
        domains = tuple(
            Domain(route.domain, route, zone, policy.result(), routing)
            for route, zone, policy, routing in zip(routes, zones.result(), policies, routings)
        )
        return domains, greeting.result()


def _policy(domain: str, outgoing: Future[tuple[Outgoing, ...]], deadline: float) -> Policy:
    return read_policy(domain, deadline, sending_addresses(domain, outgoing.result()))
