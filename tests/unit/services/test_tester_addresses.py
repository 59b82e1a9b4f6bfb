"""Addresses that were added on a server, and what proves that an address is a tester's."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.audit.actor import Actor
from mxverdict.errors import AddressRefused, HostError, MxVerdictError, UsageError
from mxverdict.evidence import Forward, ReverseDns
from mxverdict.host import Host
from mxverdict.services.tester_addresses import add, explain_mismatch, forward_confirmed_name, remove
from mxverdict.testers import local_addresses

ROOT = Actor("root", "cli")
NEW = "18.209.86.200"
MXTOOLBOX = testers.load().tester("mxtoolbox")
ROW = {"address": NEW, "tester": "mxtoolbox", "name": "k.mxtoolbox.com", "date": "2026-11-25", "source": "s"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.state.mkdir(parents=True)
    return host


def put(host: Host, content: object) -> None:
    host.tester_addresses.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    ("forwards", "name"),
    [
        ([("k.mxtoolbox.com", [NEW])], "k.mxtoolbox.com"),
        ([("K.MXToolbox.com.", ["192.0.2.1", NEW])], "K.MXToolbox.com."),
        ([("other.example", [NEW]), ("k.mxtoolbox.com", [NEW])], "k.mxtoolbox.com"),
        ([("k.mxtoolbox.com", ["192.0.2.1"])], ""),
        ([("k.mxtoolbox.com", [])], ""),
        ([("other.example", [NEW])], ""),
        ([("mxtoolbox.com.other.example", [NEW])], ""),
        ([("notmxtoolbox.com", [NEW])], ""),
        ([("k.mxtoolbox.com", ["192.0.2.1"]), ("other.example", [NEW])], ""),
        ([], ""),
    ],
)
def test_what_proves_an_address(forwards: list[tuple[str, list[str]]], name: str) -> None:
    made = tuple(Forward(one, tuple(addresses)) for one, addresses in forwards)
    reverse = ReverseDns(NEW, tuple(one.name for one in made), made)
    assert forward_confirmed_name(reverse, MXTOOLBOX) == name
    assert name or explain_mismatch(reverse, MXTOOLBOX)


def test_added_addresses_come_with_the_catalogue_of_that_server_alone(host: Host) -> None:
    put(host, {"schema": 1, "addresses": [ROW, {**ROW, "address": "64.20.227.9"}, {**ROW, "tester": "gone"}]})
    known = testers.load(host=host)
    assert known.load_error == ""
    assert [one.network for one in known.tester("mxtoolbox").addresses if one.added] == [NEW]
    assert known.tester("mxtoolbox").ehlo_from(NEW) == "k.mxtoolbox.com"
    assert testers.load() == testers.load(host=Host("/nowhere"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
        {"schema": 2, "addresses": [ROW]},
        {"schema": 1, "addresses": {}},
        {
            "schema": 1,
            "addresses": [1, None, {**ROW, "more": 1}, {**ROW, "address": "x"}, {**ROW, "date": 5}],
        },
    ],
)
def test_a_damaged_file_is_told_and_left_out(host: Host, content: object) -> None:
    put(host, content)
    known = testers.load(host=host)
    assert known.testers == testers.load().testers
    assert "left out" in known.load_error
    before = host.tester_addresses.read_bytes()
    with pytest.raises(HostError, match="left out"):
        add(host, NEW, "mxtoolbox", ROOT, reason="seen", force=True)
    assert host.tester_addresses.read_bytes() == before


def test_sound_entries_of_a_damaged_file_count(host: Host) -> None:
    put(host, {"schema": 1, "addresses": [{**ROW, "address": 7}, ROW]})
    added, load_error = local_addresses.read(host.tester_addresses)
    assert [one.address for one in added] == [NEW]
    assert "1 damaged entry is left out" in load_error


def test_forced_it_needs_a_reason_and_is_audited(host: Host) -> None:
    with pytest.raises(UsageError, match="reason"):
        add(host, NEW, "mxtoolbox", ROOT, force=True, reason="  ")
    added = add(host, NEW, "MXToolbox", ROOT, force=True, reason="their support said so")
    assert (added.network, added.added) == (NEW, True)
    assert stat.S_IMODE(host.tester_addresses.stat().st_mode) == 0o600
    assert [one.network for one in testers.load(host=host).tester("mxtoolbox").addresses][-1] == NEW
    entries = [json.loads(line) for line in host.audit.read_text().splitlines()]
    assert [entry["action"] for entry in entries] == ["refuse", "add_tester_address"]
    assert (entries[1]["reason"], entries[1]["addresses"]) == ("their support said so", [NEW])
    assert "not confirmed by DNS" in entries[1]["result"]
    assert remove(host, NEW, ROOT).tester == "mxtoolbox"
    assert testers.load(host=host).testers == testers.load().testers
    assert json.loads(host.audit.read_text().splitlines()[-1])["action"] == "remove_tester_address"


@pytest.mark.parametrize(
    ("address", "named", "error"),
    [
        ("18.209.86.113", {}, UsageError),
        ("64.20.227.7", {"tester_name": "internet.nl"}, UsageError),
        ("18.209.86.0/28", {}, UsageError),
        ("127.0.0.1", {}, UsageError),
        ("x", {}, UsageError),
        (NEW, {"tester_name": "nobody"}, UsageError),
        (NEW, {"tester_name": "swaks", "force": False}, AddressRefused),
    ],
)
def test_refused(host: Host, address: str, named: dict[str, Any], error: type[MxVerdictError]) -> None:
    options = {"tester_name": "mxtoolbox", "reason": "r", "force": True, **named}
    with pytest.raises(error):
        add(host, address, actor=ROOT, **options)
    assert not host.tester_addresses.exists()
    assert json.loads(host.audit.read_text())["action"] == "refuse"


def test_forgets_only_what_was_added(host: Host) -> None:
    with pytest.raises(UsageError, match="not among"):
        remove(host, "18.209.86.113", ROOT)
