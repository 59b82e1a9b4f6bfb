"""Which addresses of a domain's mail hosts are looked at when there are too many."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mxverdict.collect.mail_route import ADDRESSES_LIMIT, HOSTS_LIMIT, bounded
from mxverdict.evidence.mail_route import MailHost


def hosts(*addresses: Sequence[str]) -> list[MailHost]:
    return [
        MailHost(f"mx{number}.example", number, f"mx{number}.example", False, True, tuple(some))
        for number, some in enumerate(addresses)
    ]


def in_network(network: int, count: int) -> list[str]:
    return [f"2001:db8:0:{network:x}::{number:x}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "made",
    [
        hosts(["192.0.2.1"], in_network(1, 2)),
        hosts(in_network(1, ADDRESSES_LIMIT)),
        hosts(*[[f"192.0.2.{number}", f"192.0.2.{number + 1}"] for number in range(0, 30, 2)]),
        hosts(*[["192.0.2.1", "192.0.2.2"]] * HOSTS_LIMIT),
        [],
    ],
)
def test_what_is_within_the_limit_stays_as_it_is(made: list[MailHost]) -> None:
    assert bounded(made) == tuple(made)


def test_neighbours_in_one_network_are_counted_as_one() -> None:
    made = bounded(hosts(*[[*in_network(7, 40)[number:], f"192.0.2.{number}"] for number in range(10)]))
    assert [host.addresses for host in made] == [
        (f"2001:db8:0:7::{number + 1:x}", f"192.0.2.{number}") for number in range(10)
    ]
    assert [host.left_out for host in made] == [39 - number for number in range(10)]


def test_every_host_keeps_one_and_no_more_than_the_limit_are_left() -> None:
    many = [[f"198.51.{number}.{nth}" for nth in range(16)] for number in range(HOSTS_LIMIT)]
    made = bounded(hosts(["192.0.2.1"], *many[1:]))
    assert sum(len(host.addresses) for host in made) == ADDRESSES_LIMIT
    assert all(host.addresses[0] == some[0] for host, some in zip(made[1:], many[1:]))
    assert made[0].addresses == ("192.0.2.1",)
    assert sum(host.left_out + len(host.addresses) for host in made) == 1 + 16 * (HOSTS_LIMIT - 1)


def test_an_address_of_several_hosts_counts_once() -> None:
    shared = [f"192.0.2.{number}" for number in range(ADDRESSES_LIMIT)]
    made = bounded(hosts(*[shared] * 3, ["198.51.100.1"]))
    assert {address for host in made for address in host.addresses} == {*shared[:31], "198.51.100.1"}
    assert [host.left_out for host in made] == [1, 1, 1, 0]
