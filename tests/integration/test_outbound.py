"""The telnet ladder against real Exim peers and hosts that are no mail servers, and as a command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.outbound_tests import PATIENCE
from tests.sandbox.box import Sandbox
from tests.sandbox.network import SERVER_IPV4, SERVER_IPV4_SECOND, SERVER_IPV6
from tests.sandbox.peers import Peer, Peers

pytestmark = pytest.mark.exim

TABLE = json.loads((Path(__file__).parents[1] / "tables/outbound_outcomes.json").read_text())
CASES = {case["name"]: case for case in TABLE["cases"]}
RECEIVERS = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com")
NO_ROUTE = "192.0.2.200"
GOODBYE = ("rset", "quit")


@dataclass
class World:
    box: Sandbox
    peers: Peers
    exims: dict[str, Peer]
    addresses: dict[str, str]
    seen: dict[str, dict[str, Any]]

    def outbound(self, *arguments: str, timeout: str = "3") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mxverdict.cli.main", "outbound", "--timeout", timeout, *arguments]
        return self.box.run(command, env={"SSL_CERT_FILE": str(self.box.authority.certificate)})

    def outbound_json(self, *arguments: str, timeout: str = "3") -> dict[str, Any]:
        done = self.outbound(*arguments, "--json", timeout=timeout)
        data: dict[str, Any] = json.loads(done.stdout)
        assert data["exit_status"] == done.returncode, done.stderr
        return data


def domain_of(name: str) -> str:
    return f"{re.sub('[^a-z0-9]+', '-', name.lower())}.case.example"


def raise_host(peers: Peers, case: dict[str, Any], number: int, domain: str) -> tuple[str, Peer | None]:
    address = f"2001:db8:99::{number:x}" if case.get("ipv6") else f"198.51.100.{number}"
    name = f"mx.{domain}"
    if "rude" in case:
        peers.rude(case["rude"], address, name=name)
    elif case.get("place") == "silent":
        peers.silent(address, name=name)
    elif case.get("place") == "refused":
        peers.refused(address, name=name)
    elif "peer" in case:
        peer = peers.start(
            case["peer"],
            address,
            name=name,
            domains=["other.example" if case.get("foreign") else domain, "info.example"],
            delays=case.get("delays"),
            certificate=case.get("certificate", "trusted"),
            banner=case.get("banner", ""),
        )
        return address, peer
    return address, None


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One sandbox with every case of the table, each climbed once, all at the same time."""
    with Sandbox() as box, Peers(box) as peers:
        exims: dict[str, Peer] = {}
        addresses: dict[str, str] = {}
        for number, (name, case) in enumerate(CASES.items(), 20):
            domain = domain_of(name)
            addresses[name], peer = raise_host(peers, case, number, domain)
            if peer is not None:
                exims[name] = peer
            box.set_records(domain, "MX", f"10 mx.{domain}")
        box.set_records(f"mx.{domain_of('no route')}", "A", NO_ROUTE)
        peers.start("accepting", "198.51.100.100", name="mx.all.example", domains=["*"])
        for domain in RECEIVERS:
            box.set_records(domain, "MX", "10 mx.all.example")
        for entry in TABLE["domains"]:
            for kind, values in entry["records"].items():
                box.set_records(entry["name"], kind, *values)
        box.set_records("accepting.peer.example", "A", "198.51.100.100")
        box.set_records("refused.place.example", "A", addresses["nobody listens"])
        box.reload_dns()
        asked = [
            {
                "domain": domain_of(name),
                "recipient": f"info@{domain_of(name)}",
                "source": SERVER_IPV6 if case.get("ipv6") else SERVER_IPV4,
            }
            for name, case in CASES.items()
        ]
        done = box.run(
            [sys.executable, "-m", "tests.integration.outbound_tests"],
            stdin=json.dumps(asked),
            env={"SSL_CERT_FILE": str(box.authority.certificate)},
            check=True,
        )
        yield World(box, peers, exims, addresses, json.loads(done.stdout))


def findings(seen: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [finding for finding in seen["findings"] if finding["row"]["name"] == name]


def stages(climb: dict[str, Any]) -> list[dict[str, Any]]:
    return [stage for stage in climb["stages"] if stage["name"] not in GOODBYE]


@pytest.mark.parametrize("name", CASES)
def test_each_remote_host(world: World, name: str) -> None:
    case, domain = CASES[name], domain_of(name)
    seen = world.seen[domain]
    (climb,) = seen["ladder"]["climbs"]
    (host,) = findings(seen, "Mail host")
    assert host["row"]["text"].startswith(case["row"].format(domain=domain)), host
    assert host["verdict"] == case["verdict"]
    assert seen["exit_status"] == case["exit"]
    assert [s["reply"] and s["reply"]["code"] for s in stages(climb)] == case["codes"]
    assert [finding["row"]["text"] for finding in findings(seen, "TLS")] == (
        [case["tls"]] if "tls" in case else []
    )
    assert all(stage["seconds"] >= case.get("seconds", 0) for stage in stages(climb))
    assert seen["took"] < 5 * PATIENCE
    assert host["todo"] or case["verdict"] in ("ok", "advisory")


def test_nothing_is_sent_before_data(world: World) -> None:
    assert not any(peer.mailbox for peer in world.exims.values())
    assert all("<=" not in peer.log for peer in world.exims.values())


def test_a_host_that_fails_alone_leaves_port_25_open(world: World) -> None:
    for name in ("dropping packets", "nobody listens"):
        (port,) = findings(world.seen[domain_of(name)], "Outgoing port 25")
        assert (port["verdict"], port["row"]["text"]) == ("ok", "open: 4 of 4 well-known receivers answer")
    assert not findings(world.seen[domain_of("accepting")], "Outgoing port 25")


@pytest.mark.parametrize("entry", TABLE["domains"], ids=lambda entry: entry["name"])
def test_each_domain(world: World, entry: dict[str, Any]) -> None:
    seen = world.outbound_json(entry["name"], "--to", f"info@{entry['name']}")
    assert seen["findings"][0]["row"]["text"] == entry["row"]
    assert seen["exit_status"] == entry["exit"]


@pytest.mark.parametrize("arguments", TABLE["usage"], ids=" ".join)
def test_wrong_usage(world: World, arguments: list[str]) -> None:
    done = world.outbound(*arguments)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr


def test_hostile_words_are_shown_and_do_nothing(world: World) -> None:
    domain = domain_of("terminal escapes")
    done = world.outbound(domain, "--to", f"info@{domain}")
    assert done.returncode == 3
    assert r"\x1b[2J" in done.stdout
    assert "<- " in done.stdout and "-> " in done.stdout
    odd = {c for c in done.stdout + done.stderr if c != "\n" and unicodedata.category(c)[0] == "C"}
    assert not odd


def test_without_a_domain_only_the_well_known_receivers_are_greeted(world: World) -> None:
    seen = world.outbound_json()
    assert seen["exit_status"] == 0
    assert [f["row"]["text"] for f in seen["findings"]] == ["open: 4 of 4 well-known receivers answer"]
    climbs = [climb for receiver in seen["ladder"]["receivers"] for climb in receiver["climbs"]]
    assert {tuple(s["name"] for s in climb["stages"]) for climb in climbs} == {("connect", "ehlo", "quit")}


@pytest.mark.parametrize(
    ("how", "why"),
    [("blackhole", "providers block it"), ("prohibit", "a router forbids it"), ("unreachable", "no route")],
)
def test_a_provider_that_blocks_port_25(world: World, how: str, why: str) -> None:
    domain = domain_of("accepting")
    patience = "1" if how == "blackhole" else "5"
    with world.peers.port_25_blocked(how):
        alone = world.outbound_json(timeout=patience)
        seen = world.outbound_json(domain, "--to", f"info@{domain}", timeout=patience)
    (port,) = findings(seen, "Outgoing port 25")
    assert (alone["exit_status"], seen["exit_status"]) == (1, 1)
    assert port["row"]["text"] == "blocked: no well-known receiver can be reached"
    assert why in port["why"]
    assert port["owner"] == "whoever owns the address (host or data centre)"
    assert [f["row"]["text"] for f in findings(seen, "Mail host")] == [
        "not reached: outgoing port 25 is blocked"
    ]
    assert "blocked" in seen["summary"]


def test_a_firewall_on_the_server_itself(world: World) -> None:
    rule = ["pref", "10", "ipproto", "tcp", "dport", "25", "prohibit"]
    world.box.run(["ip", "rule", "add", *rule], check=True)
    try:
        seen = world.outbound_json()
    finally:
        world.box.run(["ip", "rule", "del", *rule], check=True)
    assert [f["row"]["text"] for f in seen["findings"]] == ["blocked on this server"]
    assert seen["findings"][0]["owner"] == "the owner of this server"


def test_each_source_is_climbed_from(world: World) -> None:
    domain = domain_of("accepting")
    seen = world.outbound_json(domain, "--source", SERVER_IPV4, "--source", SERVER_IPV4_SECOND)
    assert [climb["local_address"] for climb in seen["ladder"]["climbs"]] == [SERVER_IPV4, SERVER_IPV4_SECOND]
    hellos = [climb["stages"][1]["reply"]["lines"][0] for climb in seen["ladder"]["climbs"]]
    assert [f"[{SERVER_IPV4}]" in hellos[0], f"[{SERVER_IPV4_SECOND}]" in hellos[1]] == [True, True]


def test_a_test_message_arrives_once_and_is_marked(world: World) -> None:
    domain = "inbox.example"
    peer = world.peers.start("accepting", "198.51.100.102", name=f"mx.{domain}", domains=[domain])
    world.box.set_records(domain, "MX", f"10 mx.{domain}")
    world.box.reload_dns()
    seen = world.outbound_json(domain, "--to", f"info@{domain}", "--send")
    assert seen["exit_status"] == 0
    mail = peer.wait_for_mail("Please do not answer")
    assert mail.count("\nMessage-ID: " + seen["ladder"]["message_id"]) == 1
    assert mail.count("\nFrom ") + mail.startswith("From ") == 1
    for line in ("Subject: MX Verdict test message", "Auto-Submitted: auto-generated", f"To: info@{domain}"):
        assert f"\n{line}\n" in mail
    assert re.search(r"\nDate: .* [+-]\d{4}\n", mail)


def test_a_refused_test_message(world: World) -> None:
    world.peers.start("refusing_data", "198.51.100.101", name="mx.picky.example", domains=["picky.example"])
    world.box.set_records("picky.example", "MX", "10 mx.picky.example")
    world.box.reload_dns()
    assert world.outbound_json("picky.example")["exit_status"] == 0
    seen = world.outbound_json("picky.example", "--send")
    assert seen["exit_status"] == 1
    assert "the message itself is refused: 550 5.7.1" in findings(seen, "Test message")[0]["row"]["text"]


def test_a_greylisted_test_message_is_not_sent(world: World) -> None:
    domain = domain_of("greylisting")
    seen = world.outbound_json(domain, "--to", f"other@{domain}", "--send")
    assert seen["exit_status"] == 3
    assert findings(seen, "Test message")[0]["row"]["text"] == "not sent"
    assert not world.exims["greylisting"].mailbox
