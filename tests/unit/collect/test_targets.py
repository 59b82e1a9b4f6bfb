"""What the targets of a check lead to on this server, and what is said of those that lead nowhere."""

from __future__ import annotations

import pytest

from mxverdict.collect import collector
from mxverdict.collect.server import Server
from mxverdict.errors import NoLocalTargetError
from mxverdict.evidence import Target
from mxverdict.evidence.mail_route import MailHost, MailRoute
from mxverdict.evidence.server import DelayState

SERVER = Server("cp1.example.net", (Target("203.0.113.10", "10.0.0.10"),), DelayState(None, None))
ELSEWHERE = MailHost("there.example", 0, "there.example", False, True, ("198.51.100.20",))


def route(domain: str, kind: str, *hosts: MailHost) -> MailRoute:
    return MailRoute(domain, kind, domain, hosts=hosts)


@pytest.mark.parametrize("kind", ["missing", "none"])
def test_a_name_without_an_address_does_not_resolve(kind: str) -> None:
    remarks: list[str] = []
    unresolved: set[str] = set()
    routes = [route("mial.example", kind), route("there.example", "implicit", ELSEWHERE)]
    names = ["mial.example", "there.example"]
    with pytest.raises(NoLocalTargetError) as raised:
        collector.asked_targets(names, routes, frozenset(), SERVER, remarks, unresolved)
    assert raised.value.unresolved == ("mial.example",)
    assert remarks == [
        "mial.example does not resolve: it does not exist, or has no address",
        "there.example: 198.51.100.20 is not an address of this server; it was not checked",
    ]


@pytest.mark.parametrize(("kind", "resolves"), [("missing", False), ("none", False), ("unknown", True)])
def test_a_domain_without_an_address_is_known_not_to_resolve(kind: str, resolves: bool) -> None:
    """The findings about the domain say so; a failed lookup proves nothing."""
    remarks: list[str] = []
    unresolved: set[str] = set()
    domains = frozenset({"gone.example"})
    collector.asked_targets(
        ["gone.example"], [route("gone.example", kind)], domains, SERVER, remarks, unresolved
    )
    assert (remarks, unresolved) == ([], set() if resolves else {"gone.example"})
