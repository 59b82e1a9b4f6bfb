"""Mail hosts at addresses that are nobody's, or this server's own: nobody is talked to by mistake, and
nothing is called wrong that is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.box import Sandbox

NOBODYS = {
    "loopback": "127.0.0.1",
    "unspecified": "0.0.0.0",
    "broadcast": "255.255.255.255",
    "multicast": "224.0.0.1",
    "link-local": "169.254.169.254",
    "net": "203.0.113.255",
    "loopback-six": "::1",
    "mapped": "::ffff:127.0.0.1",
    "mapped-own": "::ffff:203.0.113.10",
}
"""`net` is the broadcast address of the server's own network."""
NOT_PUBLIC = [kind for kind in NOBODYS if kind != "net"]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    records: dict[tuple[str, str], tuple[str, ...]] = {}
    for kind, address in NOBODYS.items():
        records[f"{kind}.example", "MX"] = (f"10 mx.{kind}.example",)
        records[f"mx.{kind}.example", "AAAA" if ":" in address else "A"] = (address,)
    records["all.example", "MX"] = tuple(f"10 mx.{kind}.example" for kind in NOBODYS)
    records["behind-nat.example", "MX"] = ("10 mx.behind-nat.example",)
    records["mx.behind-nat.example", "A"] = ("192.0.2.200",)
    with Sandbox(records=records) as running:
        yield running


def mxverdict(box: Sandbox, *words: object) -> subprocess.CompletedProcess[str]:
    trust = {"SSL_CERT_FILE": str(box.authority.certificate)}
    return box.run([sys.executable, "-m", "mxverdict.cli.main", *words], env=trust, timeout=120)


def outbound(box: Sandbox, name: str) -> Any:
    return json.loads(mxverdict(box, "outbound", name, "--timeout", "3", "--json").stdout)


def test_what_anybody_can_bind_is_not_taken_for_this_server(box: Sandbox) -> None:
    done = json.loads(
        mxverdict(box, "check", "all.example", "--tester", "mxtoolbox", "--json", "--budget", "10").stdout
    )
    assert done["predictions"] == []
    (domain,) = done["domains"]
    rows = {f["row"]["host"]: f for f in domain["findings"] if f["row"]["name"] == "MX address"}
    for kind in NOT_PUBLIC:
        assert rows[f"mx.{kind}.example"]["verdict"] == "problem"
        assert rows[f"mx.{kind}.example"]["row"]["text"] == f"{NOBODYS[kind]} is no public address"
    (place,) = [f for f in domain["findings"] if f["row"]["name"] == "This server"]
    assert place["row"]["text"] == "is none of the mail hosts"


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::ffff:203.0.113.10", "203.0.113.255"])
def test_a_target_that_is_no_address_of_this_server(box: Sandbox, address: str) -> None:
    done = mxverdict(box, "check", address)
    assert (done.returncode, done.stdout) == (3, "")
    assert "is not an address of this server" in done.stderr


@pytest.mark.parametrize("kind", ["loopback", "unspecified", "broadcast", "multicast", "link-local"])
def test_the_ladder_leaves_them_alone(box: Sandbox, kind: str) -> None:
    """An own Exim behind them would answer as if it were the domain's mail host."""
    found = outbound(box, f"{kind}.example")
    assert [(c["cause"], c["stages"]) for c in found["ladder"]["climbs"]] == [("not_public", [])]
    assert [f["verdict"] for f in found["findings"]] == ["unknown", "unknown"]
    assert found["exit_status"] == 3


def test_an_own_mail_host_is_known_without_whm(box: Sandbox) -> None:
    whmapi1 = box.root / "usr/local/cpanel/bin/whmapi1"
    aside = whmapi1.with_name("whmapi1.aside")
    whmapi1.rename(aside)
    try:
        found = outbound(box, "shop.example")
    finally:
        aside.rename(whmapi1)
    assert found["ladder"]["climbs"]
    assert {climb["own"] for climb in found["ladder"]["climbs"]} == {True}
    assert found["exit_status"] == 0, found["findings"]


def test_an_own_public_address_out_of_reach_is_no_problem(box: Sandbox) -> None:
    """Behind NAT without a way back in, the public address cannot be reached from inside."""
    nat = box.root / "var/cpanel/cpnat"
    nat.write_text("203.0.113.10 192.0.2.200\n")
    try:
        found = outbound(box, "behind-nat.example")
    finally:
        nat.unlink()
    assert [climb["own"] for climb in found["ladder"]["climbs"]] == [True]
    assert "problem" not in {f["verdict"] for f in found["findings"]}
    assert "stays on this server" in found["summary"]
