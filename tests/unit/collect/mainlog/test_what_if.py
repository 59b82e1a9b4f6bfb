"""Which delayed senders lists would have spared."""

from __future__ import annotations

import ipaddress
import time
from pathlib import Path
from random import Random

import pytest

from mxverdict.collect.mainlog.traffic import read_traffic
from mxverdict.collect.mainlog.what_if import Ranges, count_exempt
from mxverdict.evidence.traffic import WhatIf
from mxverdict.host import Host
from mxverdict.net.address import Network

LISTS: dict[str, list[Network]] = {
    "common_mail_providers": [ipaddress.ip_network("192.0.2.0/25"), ipaddress.ip_network("2001:db8:1::/48")],
    "trusted_hosts": [ipaddress.ip_network("192.0.2.7/32"), ipaddress.ip_network("192.0.2.0/28")],
}


def test_each_list_and_no_delay() -> None:
    senders = [("192.0.2.7", 3), ("192.0.2.130", 2), ("2001:db8:1::5", 1), ("no address", 1)]
    assert count_exempt(senders, {name: Ranges(networks) for name, networks in LISTS.items()}) == (
        WhatIf("common_mail_providers", 2, 2, 4),
        WhatIf("trusted_hosts", 2, 1, 3),
        WhatIf("no_delay", None, 4, 7),
    )


def test_ranges_hold_what_the_networks_hold(random: Random) -> None:
    def network(version: int) -> Network:
        length = random.choice((8, 12, 24, 32) if version == 4 else (20, 48, 128))
        number = (
            random.getrandbits(12) << 20 if version == 4 else (0x2001 << 112) | random.getrandbits(10) << 100
        )
        return ipaddress.ip_network((number, length), strict=False)

    networks = [network(version) for version in (4, 6) for _ in range(60)]
    ranges = Ranges(networks)
    for one in networks:
        for number in (int(one[0]) - 1, int(one[0]), int(one[-1]), int(one[-1]) + 1):
            if 0 <= number < 1 << one.max_prefixlen:
                address = type(one[0])(number)
                assert (str(address) in ranges) == any(address in other for other in networks), address


@pytest.mark.parametrize("lists", [{}, LISTS])
def test_of_a_log(tmp_path: Path, lists: dict[str, list[Network]]) -> None:
    host = Host(tmp_path)
    host.exim_mainlog.parent.mkdir(parents=True)
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - 600))
    lines = [
        f"{at} SMTP connection from [{address}]:{port} {end}"
        for address in ("192.0.2.7", "192.0.2.99", "192.0.2.200")
        for port in range(3)
        for end in ("(TCP/IP connection count = 1)", "lost D=15s")
    ]
    host.exim_mainlog.write_text("\n".join([*lines, ""]))
    found = read_traffic(host, time.time() - 7200, time.time(), lists=lists)
    assert {one.address: one.exempted_by for one in found.giving_up} == {
        "192.0.2.7": ("common_mail_providers", "trusted_hosts") if lists else (),
        "192.0.2.99": ("common_mail_providers",) if lists else (),
        "192.0.2.200": (),
    }
    assert found.what_if[-1] == WhatIf("no_delay", None, 3, 9)
    assert [one.addresses for one in found.what_if] == ([2, 1, 3] if lists else [3])
