"""`mxverdict check DOMAIN` as a whole: every group of rows, failures first, whole budget, evidence kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.peers import Peer, Peers

ELSEWHERE = "198.51.100.40"
SILENT = "198.51.100.66"
HOSTILE = '"v=spf1 \\027[31m<script>alert(1)</script>"'
DEAF = "198.51.100.67"
_TAKE_AND_SAY_NOTHING = """
import socket, sys
taking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taking.bind((sys.argv[1], 53))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Sandbox, Peer]]:
    records = {
        ("mixed.example", "MX"): ("0 cp1.example.net", "10 mx.elsewhere.example"),
        ("hosted.example", "MX"): ("10 mx.elsewhere.example",),
        ("mx.elsewhere.example", "A"): (ELSEWHERE,),
        ("quiet.example", "MX"): ("10 mx.quiet.example",),
        ("mx.quiet.example", "A"): (SILENT,),
        ("half-deaf.example", "MX"): ("10 mx.deaf.example", "20 mx.elsewhere.example"),
        ("half-deaf.example", "TXT"): ('"v=spf1 mx -all"',),
        ("deaf.example", "NS"): ("ns.deaf.example",),
        ("ns.deaf.example", "A"): (DEAF,),
        ("endless.example", "MX"): ("10 c0.endless.example",),
        **{(f"c{n}.endless.example", "CNAME"): (f"c{n + 1}.endless.example",) for n in range(40)},
        ("vast.example", "MX"): ("0 cp1.example.net",),
        ("vast.example", "TXT"): (" ".join([HOSTILE, *(['"' + "x" * 250 + '"'] * 200)]),),
    }  # fmt: skip
    with Sandbox(records=records) as running, Peers(running) as peers:
        running.add_outside(SILENT, silent=True)
        running.add_outside(DEAF)
        deaf = running.start([sys.executable, "-c", _TAKE_AND_SAY_NOTHING, DEAF], namespace=running.outside)
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == b"ready\n"
        yield running, peers.start("accepting", ELSEWHERE, name="mx.elsewhere.example")


@pytest.fixture
def box(world: tuple[Sandbox, Peer]) -> Sandbox:
    return world[0]


def mxverdict(box: Sandbox, *words: object) -> subprocess.CompletedProcess[str]:
    trust = {"SSL_CERT_FILE": str(box.authority.certificate)}
    return box.run([sys.executable, "-m", "mxverdict.cli.main", *words], env=trust, timeout=120)


def domain(box: Sandbox, name: str, *words: object) -> Any:
    (found,) = json.loads(mxverdict(box, "check", name, "--json", *words).stdout)["domains"]
    assert found["domain"] == name
    return found


def rows(found: Any, category: str) -> list[tuple[str, str, str]]:
    return [
        (finding["row"]["name"], finding["row"]["host"], finding["verdict"])
        for finding in found["findings"]
        if finding["row"]["category"] == category
    ]


def test_every_group_of_rows_is_there_failures_first(box: Sandbox) -> None:
    found = domain(box, "shop.example")
    for category in ("blacklist", "smtp", "dns", "mx", "spf", "dmarc"):
        assert rows(found, category), category
    levels = [finding["row"]["level"] for finding in found["findings"]]
    order = ["error", "warning", "unknown", "ok"]
    assert levels == sorted(levels, key=order.index)
    assert found["summary"].startswith("MXToolbox will report ")


def test_the_text_shows_what_is_real_above_false_alarms(box: Sandbox) -> None:
    box.set_records("shop.example", "TXT", '"v=spf1 ip4:192.0.2.1 -all"')
    box.reload_dns()
    try:
        done = mxverdict(box, "check", "shop.example", "--tester", "mxtoolbox")
    finally:
        box.set_records("shop.example", "TXT", '"v=spf1 mx -all"')
        box.reload_dns()
    text = done.stdout[done.stdout.index("shop.example: ") :]
    assert done.returncode == 1
    assert 0 < text.index("Problem ") < text.index("False alarm ") < text.index("more rows pass")
    assert text.count("SMTP Banner Check") == 2, "once for each address, not again for the tester"


def test_a_domain_on_this_server_and_elsewhere_has_both_looked_at(box: Sandbox) -> None:
    found = domain(box, "mixed.example")
    hosts = {host for _, host, _ in rows(found, "smtp")}
    assert hosts == {"203.0.113.10", "203.0.113.11"}
    assert any(ELSEWHERE in line for f in found["findings"] for line in (*f["evidence"], f["row"]["host"]))


def test_a_domain_whose_mail_is_elsewhere_gets_its_rows_all_the_same(box: Sandbox) -> None:
    found = domain(box, "hosted.example")
    assert not rows(found, "smtp")
    assert rows(found, "dns")
    assert rows(found, "mx")


def test_a_host_name_is_no_domain(box: Sandbox) -> None:
    done = json.loads(mxverdict(box, "check", "host7.example.org", "cp1.example.net", "--json").stdout)
    assert done["domains"] == []
    assert any("198.51.100.7 is not an address of this server" in remark for remark in done["remarks"])


def test_saved_evidence_of_a_domain_is_judged_to_the_same_report(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    first = json.loads(mxverdict(box, "check", "shop.example", "--json", "--save", file).stdout)
    again = json.loads(mxverdict(box, "judge", file, "--json").stdout)
    assert again == {key: value for key, value in first.items() if key != "windows"}
    assert again["domains"]


@pytest.mark.parametrize("name", ["quiet.example", "endless.example", "vast.example"])
def test_hostile_domains_end_within_the_budget_and_do_no_harm(box: Sandbox, name: str) -> None:
    started = time.monotonic()
    done = mxverdict(box, "check", name, "--budget", "8")
    assert time.monotonic() - started < 20
    assert done.returncode in (0, 1, 3), done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout
    assert f"{name}: " in done.stdout


def test_many_domains_share_their_hosts(world: tuple[Sandbox, Peer]) -> None:
    """Each mail host is greeted once, however many domains it serves."""
    box, peer = world
    names = [f"d{n}.example" for n in range(30)]
    for name in names:
        box.set_records(name, "MX", "10 mx.elsewhere.example")
    box.reload_dns()
    before = peer.log.count("SMTP connection from")
    done = json.loads(mxverdict(box, "check", "shop.example", *names, "--json", "--tester", "swaks").stdout)
    assert len(done["domains"]) == 31
    assert peer.log.count("SMTP connection from") - before <= 2, peer.log


def test_a_dead_name_server_does_not_cost_the_time_of_all_the_rest(box: Sandbox) -> None:
    found = domain(box, "half-deaf.example", "--budget", "8")
    assert ("MX name", "mx.deaf.example", "unknown") in rows(found, "mx")
    assert ("MX host answers", "mx.elsewhere.example", "ok") in rows(found, "mx")
    assert ("SPF Record Published", "half-deaf.example", "ok") in rows(found, "spf")
