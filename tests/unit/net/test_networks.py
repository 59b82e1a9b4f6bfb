"""Which addresses a window takes, and the one line for those it does not."""

from __future__ import annotations

import ipaddress

import pytest

from mxverdict.errors import UsageError
from mxverdict.net import networks
from mxverdict.net.address import Address
from mxverdict.net.networks import parse, sample, show


def shown(*texts: str) -> list[str]:
    return [show(network) for network in parse(texts)]


def test_order_stays_and_doubles_go() -> None:
    assert shown("18.209.86.113", " 64.20.227.0/24 ", "18.209.86.113/32", "64.20.227.133") == [
        "18.209.86.113",
        "64.20.227.0/24",
    ]
    assert shown("64.20.227.133", "64.20.227.0/24") == ["64.20.227.0/24"]


def test_ipv6_is_canonical() -> None:
    assert shown("2001:0DB8:0:0:0:0:0:5", "2001:db8:1::/48") == ["2001:db8::5", "2001:db8:1::/48"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no IP address"),
        ("mxtoolbox.com", "no IP address"),
        ("1.2.3", "no IP address"),
        ("1.2.3.4.5", "no IP address"),
        ("1.2.3.4/33", "no IP address"),
        ("1.2.3.4-1.2.3.9", "no IP address"),
        ("1.2.3.4\n5.6.7.8", "no IP address"),
        ("1.2.3.4 # x", "no IP address"),
        ("01.02.03.04", "no IP address"),
        ("64.20.227.5/24", "after the prefix"),
        ("64.20.0.0/23", "too wide"),
        ("0.0.0.0/0", "too wide"),
        ("2001:db8::/47", "too wide"),
        ("::/0", "too wide"),
        ("127.0.0.1", "can come from"),
        ("127.1.2.0/24", "can come from"),
        ("0.0.0.0", "can come from"),
        ("::1", "can come from"),
        ("224.0.0.1", "can come from"),
        ("ff02::1", "can come from"),
        ("169.254.1.1", "can come from"),
        ("fe80::1", "can come from"),
        ("255.255.255.255", "can come from"),
        ("::ffff:18.209.86.113", "Exim's lists"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse([text])
    assert "\n" not in str(caught.value)


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["\x1b[31m" + "x" * 1000])
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 120


def test_too_many() -> None:
    with pytest.raises(UsageError, match="65 addresses are too many"):
        parse([f"18.0.0.{n}" for n in range(1, 66)])


def test_own_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own: list[Address] = [ipaddress.ip_address("203.0.113.10")]
    monkeypatch.setattr(networks, "own_addresses", lambda: own)
    for text in ("203.0.113.10", "203.0.113.0/24"):
        with pytest.raises(UsageError, match="of this server"):
            parse([text])
    assert shown("203.0.113.11") == ["203.0.113.11"]


def test_own_addresses_are_read_from_the_kernel() -> None:
    assert ipaddress.ip_address("127.0.0.1") in networks.own_addresses()


def test_sample() -> None:
    assert [sample(network) for network in parse(["1.2.3.4", "64.20.227.0/24"])] == ["1.2.3.4", "64.20.227.1"]
