"""Trusted hosts of Greylisting: partial success, ranges, and the file that follows later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.integration.sandbox_whm.helpers import (
    eventually,
    fault,
    metadata,
    whmapi1,
)


@pytest.fixture
def greylisting(root: Path) -> Path:
    (root / "var/cpanel/greylist/enabled").touch()
    return root


def netblocks(root: Path) -> str:
    path = root / "etc/greylist_trusted_netblocks"
    return path.read_text() if path.exists() else ""


def test_greylisting_switched_off(root: Path) -> None:
    assert whmapi1(root, "cpgreylist_status")["data"]["is_enabled"] == 0
    assert whmapi1(root, "load_cpgreylist_config")["metadata"]["result"] == 1
    for function in ("create_cpgreylist_trusted_host", "delete_cpgreylist_trusted_host"):
        expected = metadata(function, 0, "cPGreyList is disabled on the server.")
        assert whmapi1(root, function, "ip=18.209.86.113") == {"metadata": expected}
    assert "data" not in whmapi1(root, "read_cpgreylist_trusted_hosts")


def test_trusted_hosts_succeed_in_part_and_come_back_as_ranges(greylisting: Path) -> None:
    answer = whmapi1(
        greylisting,
        "create_cpgreylist_trusted_host",
        "ip=18.209.86.113",
        "ip-1=64.20.227.0/24",
        "ip-2=198.51.100.1-198.51.100.4",
        "ip-3=mx.example.net",
        "comment=MX%20Verdict",
    )
    assert answer["metadata"]["result"] == 1
    added = [host["host_ip"] for host in answer["data"]["ips_added"]]
    assert added == ["18.209.86.113", "64.20.227.0-64.20.227.255", "198.51.100.1-198.51.100.4"]
    assert answer["data"]["comment"] == "MX Verdict"
    assert answer["data"]["ips_failed"] == {"mx.example.net": "Invalid IP address or range: mx.example.net"}
    hosts = whmapi1(greylisting, "read_cpgreylist_trusted_hosts")["data"]["greylist_trusted_hosts"]
    assert [host["host_ip"] for host in hosts] == added
    assert set(hosts[0]) == {"id", "host_ip", "comment", "create_time"}


def test_the_netblock_file_follows_later(greylisting: Path) -> None:
    whmapi1(greylisting, "create_cpgreylist_trusted_host", "ip=198.51.100.0-198.51.100.2", "comment=why")
    answered = time.monotonic()
    assert netblocks(greylisting) == ""
    eventually(lambda: netblocks(greylisting) == "198.51.100.0/31 # why\n198.51.100.2/32 # why\n")
    assert time.monotonic() - answered > 0.25
    assert (greylisting / "etc/greylist_trusted_netblocks").stat().st_mode & 0o777 == 0o644
    answer = whmapi1(greylisting, "delete_cpgreylist_trusted_host", "ip=198.51.100.0-198.51.100.2")
    assert answer["data"] == {"ips_removed": ["198.51.100.0-198.51.100.2"], "ips_failed": {}}
    assert netblocks(greylisting) != ""
    eventually(lambda: netblocks(greylisting) == "")


def test_ipv6_is_quoted_in_the_netblock_file(greylisting: Path) -> None:
    whmapi1(greylisting, "create_cpgreylist_trusted_host", "ip=2001:db8:0:1::/64")
    eventually(lambda: netblocks(greylisting) == '"2001:db8:0:1::/64"\n')


def test_repeated_parameters_are_numbered(greylisting: Path) -> None:
    repeated = ("ip=192.0.2.1", "ip=192.0.2.2", "ip=192.0.2.3")
    answer = whmapi1(greylisting, "create_cpgreylist_trusted_host", *repeated)
    assert len(answer["data"]["ips_added"]) == 3


def test_no_trusted_host_added_or_deleted(greylisting: Path) -> None:
    answer = whmapi1(greylisting, "create_cpgreylist_trusted_host", "ip=300.0.0.1")
    assert answer["metadata"] == metadata("create_cpgreylist_trusted_host", 0, "No trusted hosts added.")
    assert list(answer["data"]["ips_failed"]) == ["300.0.0.1"]
    answer = whmapi1(greylisting, "delete_cpgreylist_trusted_host", "ip=192.0.2.1")
    assert answer["metadata"] == metadata("delete_cpgreylist_trusted_host", 0, "No trusted hosts deleted.")
    assert list(answer["data"]["ips_failed"]) == ["192.0.2.1"]


def test_a_netblock_file_that_is_never_written(greylisting: Path) -> None:
    fault(greylisting, "greylist-write-fails")
    answer = whmapi1(greylisting, "create_cpgreylist_trusted_host", "ip=192.0.2.1")
    assert answer["metadata"]["result"] == 1
    log = greylisting / "usr/local/cpanel/logs/error_log"
    eventually(lambda: log.exists() and "netblocks" in log.read_text())
    assert netblocks(greylisting) == ""
