"""The telnet ladder beside independent clients on the same sandbox: swaks, Exim's routing and callouts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.network import SERVER_IPV4
from tests.sandbox.peers import Peers

pytestmark = pytest.mark.exim

TABLE = json.loads((Path(__file__).parents[1] / "tables/outbound_callbacks.json").read_text())
SENDERS = {entry["sender"]: entry for entry in TABLE["senders"]}
PLAIN = (
    "accepting",
    "no_tls",
    "refusing",
    "refusing_helo",
    "refusing_sender",
    "refusing_policy",
    "greylisting",
    "unknown_user",
    "tls_unavailable",
)
VERIFIER = "verifier.example"
_COMMAND = re.compile(r"^ [-~]> (.*)$")
_REPLY = re.compile(r"^<[-~*][*]* *(\d{3}) ")

Exchanges = list[tuple[str, int]]


@dataclass
class World:
    box: Sandbox
    callbacks: dict[str, dict[str, Any]]
    verified: dict[str, dict[str, Any]]


def outbound(box: Sandbox, *arguments: str) -> dict[str, Any]:
    done = box.run(
        [sys.executable, "-m", "mxverdict.cli.main", "outbound", "--json", *arguments],
        env={"SSL_CERT_FILE": str(box.authority.certificate)},
    )
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["exit_status"] == done.returncode, done.stderr
    return data


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Sandbox() as box, Peers(box) as peers:
        for number, behaviour in enumerate(PLAIN, 20):
            domain = f"{behaviour.replace('_', '-')}.example"
            peers.start(behaviour, f"198.51.100.{number}", name=f"mx.{domain}", domains=[domain])
            box.set_records(domain, "MX", f"10 mx.{domain}")
        peers.start("callout", "198.51.100.40", name=f"mx.{VERIFIER}", domains=[VERIFIER])
        box.set_records(VERIFIER, "MX", f"10 mx.{VERIFIER}")
        for number, (sender, entry) in enumerate(SENDERS.items(), 50):
            place_sender(box, peers, entry["mx"], f"198.51.100.{number}", sender.rpartition("@")[2])
        box.set_records("two.example", "MX", "20 mx.accepting.example", "10 mx.no-tls.example")
        box.reload_dns()
        with ThreadPoolExecutor(8) as pool:
            back = {
                sender: pool.submit(outbound, box, sender, "--callback", "--timeout", "3")
                for sender in SENDERS
            }
            asked = {
                sender: pool.submit(outbound, box, VERIFIER, "--from", sender, "--to", f"info@{VERIFIER}")
                for sender in (*SENDERS, "info@shop.example")
            }
            yield World(
                box,
                {sender: job.result() for sender, job in back.items()},
                {sender: job.result() for sender, job in asked.items()},
            )


def place_sender(box: Sandbox, peers: Peers, mx: str, address: str, domain: str) -> None:
    """The mail host of a sender's domain."""
    name = f"mx.{domain}"
    if not mx:
        return
    box.set_records(domain, "MX", f"10 {name}")
    if mx == "silent":
        peers.silent(address, name=name)
    elif mx == "refused":
        peers.refused(address, name=name)
    elif mx == "slow":
        peers.start("accepting", address, name=name, domains=[domain], delays={"rcpt": 6})
    else:
        peers.start(mx, address, name=name, domains=[domain])


def swaks(box: Sandbox, server: str, sender: str, recipient: str) -> Exchanges:
    """Each command and the code of its reply; the goodbye is left out."""
    done = subprocess.run(
        [
            *(
                "ip",
                "netns",
                "exec",
                box.server,
                "swaks",
                "--server",
                server,
                "--local-interface",
                SERVER_IPV4,
            ),
            *("--ehlo", "cp1.example.net", "--from", sender, "--to", recipient),
            *("--quit-after", "RCPT", "--tls-optional"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found: Exchanges = []
    command = ""
    for line in done.stdout.splitlines():
        if match := _COMMAND.match(line):
            command = match[1]
        elif (match := _REPLY.match(line)) and command != "QUIT":
            found.append((command, int(match[1])))
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("behaviour", PLAIN)
def test_swaks_has_the_same_dialogue(world: World, behaviour: str) -> None:
    domain = f"{behaviour.replace('_', '-')}.example"
    seen = outbound(world.box, domain, "--from", "a@cp1.example.net", "--to", f"ours@{domain}")
    (climb,) = seen["ladder"]["climbs"]
    ours = [
        (stage["command"], stage["reply"]["code"])
        for stage in climb["stages"]
        if stage["name"] not in ("rset", "quit")
    ]
    theirs = swaks(world.box, climb["address"], "a@cp1.example.net", f"swaks@{domain}")
    assert [(command.replace("swaks@", "ours@"), code) for command, code in theirs] == ours


def test_exim_routes_to_the_same_hosts_in_the_same_order(world: World) -> None:
    seen = outbound(world.box, "two.example", "--to", "info@two.example", "--timeout", "3")
    done = world.box.run([world.box.root / "usr/sbin/exim", "-bt", "info@two.example"], check=True)
    routed = re.findall(r"^ +host (\S+) +\[([^]]+)\] +MX=(\d+)", done.stdout, re.MULTILINE)
    hosts = seen["ladder"]["route"]["hosts"]
    assert [(h["name"], a, str(h["preference"])) for h in hosts for a in h["addresses"]] == routed
    assert [(c["host"], c["address"]) for c in seen["ladder"]["climbs"]] == [(n, a) for n, a, _ in routed]


@pytest.mark.parametrize("sender", SENDERS)
def test_our_callback_says_what_a_callout_meets(world: World, sender: str) -> None:
    entry, seen = SENDERS[sender], world.callbacks[sender]
    assert seen["findings"][0]["row"]["text"] == entry["row"]
    assert seen["exit_status"] == entry["exit"]
    commands = [stage["command"] for climb in seen["ladder"]["climbs"] for stage in climb["stages"]]
    assert not any(command.startswith("MAIL") and command != "MAIL FROM:<>" for command in commands)


@pytest.mark.parametrize("sender", SENDERS)
def test_a_verifying_receiver_is_recognised(world: World, sender: str) -> None:
    entry, seen = SENDERS[sender], world.verified[sender]
    (host,) = [finding for finding in seen["findings"] if finding["row"]["name"] == "Mail host"]
    if entry["verified"]:
        assert host["verdict"] == "ok"
    else:
        assert host["row"]["text"].startswith("the sender's address could not be verified: ")
        assert host["owner"] == "the owner of this server"


def test_the_delay_of_this_server_makes_a_receivers_callout_fail(world: World) -> None:
    """cPanel's 20 s for unknown hosts outlast the 4 s of the receiver."""
    (host,) = [f for f in world.verified["info@shop.example"]["findings"] if f["row"]["name"] == "Mail host"]
    assert host["row"]["text"].startswith("the sender's address could not be verified: ")
    assert "delay for unknown hosts" in host["todo"]
