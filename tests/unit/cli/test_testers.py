"""`mxverdict testers`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from mxverdict.evidence import ReverseDns
from mxverdict.host import Host
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import ADDED, CANDIDATE, NEW, REMOVED

STRANGER = replace(CANDIDATE, reverse=ReverseDns(NEW, ()), name="")


def damage(cli: CommandLine) -> None:
    """Damage the file of the addresses that were added here."""
    path = Host(cli.root).tester_addresses
    path.parent.mkdir(parents=True)
    path.write_text("x")


@pytest.mark.parametrize("status", [0, 3])
def test_list(cli: CommandLine, status: int) -> None:
    if status:
        damage(cli)
    done = cli.run("testers", "list", "--json")
    assert (done.status, done.err, bool(done.json["trouble"])) == (status, "", bool(status))
    assert {"mxtoolbox", "swaks"} <= {one["name"] for one in done.json["testers"]}
    text = cli.run("testers", "list")
    assert (text.status, text.err) == (status, "")
    assert "swaks (swaks): publishes no addresses" in text.out
    assert "\n  18.209.86.113/32" in text.out or "\n  18.209.86.113 " in text.out
    assert ("\nNote: " in text.out) is bool(status)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((), "No visitor calls itself after a tester without being known."),
        ((CANDIDATE,), f"to add it: mxverdict testers add {NEW} --tester mxtoolbox"),
        ((STRANGER,), "NOT confirmed as MXToolbox's: it has no reverse name"),
    ],
    ids=["none", "confirmed", "stranger"],
)
def test_found(cli: CommandLine, found: tuple[Any, ...], words: str) -> None:
    cli.answer("services.tester_addresses.candidates", (found, ()))
    done = cli.run("testers", "list", "--found", "--since", "2d", "--json")
    assert (done.status, done.err) == (0, "")
    assert [one["confirmed"] for one in done.json["candidates"]] == [bool(one.name) for one in found]
    (call,) = cli.called("services.tester_addresses.candidates")
    assert call.arguments[1] == pytest.approx(time.time() - 2 * 86_400, abs=600)
    text = cli.run("testers", "list", "--found")
    assert (text.status, text.err) == (0, "")
    assert words in text.out


def test_found_in_a_part_of_the_log(cli: CommandLine) -> None:
    damage(cli)
    cli.answer("services.tester_addresses.candidates", ((), ("a file is gone",)))
    done = cli.run("testers", "list", "--found", "--json")
    assert (done.status, len(done.json["remarks"])) == (3, 2)
    assert cli.run("testers", "list", "--found").out.count("\nNote: ") == 2


def test_add(cli: CommandLine) -> None:
    cli.monkeypatch.setenv("SUDO_USER", "anna")
    cli.answer("services.tester_addresses.add", ADDED)
    done = cli.run("testers", "add", NEW, "--tester", "swaks", "--force", "--reason", "ticket 7", "--json")
    assert (done.status, done.err, done.json["added"]["network"]) == (0, "", ADDED.network)
    (call,) = cli.called("services.tester_addresses.add")
    assert (*call.arguments[1:3], call.arguments[3].user) == (NEW, "swaks", "anna")
    assert call.named == {"reason": "ticket 7", "force": True}
    text = cli.run("testers", "add", NEW)
    assert (text.status, text.err) == (0, "")
    assert text.out.startswith(f"{ADDED.network} is an address of mxtoolbox from now on (DNS).\n")


def test_remove(cli: CommandLine) -> None:
    cli.answer("services.tester_addresses.remove", REMOVED)
    done = cli.run("testers", "remove", NEW, "--json")
    assert (done.status, done.err, done.json["removed"]["address"]) == (0, "", NEW)
    text = cli.run("testers", "remove", NEW)
    assert (text.status, text.err) == (0, "")
    assert text.out.startswith(f"{NEW} is no address of mxtoolbox any more")
