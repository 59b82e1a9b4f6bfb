"""Closing while Exim's trace is hard to read, or something else exempts the tester meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox

NEIGHBOR = "18.209.86.0/24"
NAME = "keeper-us-east-1d.mxtoolbox.com"


def altered(old: str, new: str) -> str:
    """Code that makes every line of the trace look otherwise before it is parsed."""
    return f"""
from mxverdict.collect.exim_trace import TraceParser
parse = TraceParser.stage
TraceParser.stage = lambda self, lines: parse(self, [line.replace({old!r}, {new!r}) for line in lines])
"""


UNKNOWN_STATEMENTS = altered("processing ", "evaluating ")
UNKNOWN_ANSWERS = altered("host in ", "peer within ")
UNKNOWN_DELAYS = altered("delay modifier requests ", "delay asked for: ")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    files = [path for path in (box.root / "etc").iterdir() if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    yield windows
    for path, content in before.items():
        path.write_bytes(content)
    for path in windows.host.state.glob("*"):
        path.unlink()
    assert windows.delay() == 40


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("neighbor_netblocks", NEIGHBOR),
        ("recent_authed_mail_ips", TESTER),
        ("backupmxhosts", NAME),
        ("skipsmtpcheckhosts", TESTER),
        ("senderverifybypasshosts", NEIGHBOR),
        ("cpanel_mail_netblocks", NEIGHBOR),
    ],
)
def test_another_entry_exempts_the_tester_meanwhile(windows: Windows, name: str, entry: str) -> None:
    windows.open(networks=[TESTER])
    path = _add(windows, name, entry)
    closed = windows.close(1)
    assert closed["state"] == "closed"
    assert f"{TESTER} is still exempt from the delay, by {path}" in closed["remark"]


@pytest.mark.parametrize("unknown", [UNKNOWN_STATEMENTS, UNKNOWN_ANSWERS])
@pytest.mark.parametrize("meanwhile", [True, False])
def test_a_trace_of_unknown_shape_holds_no_window_open(
    windows: Windows, unknown: str, meanwhile: bool
) -> None:
    opened = windows.open(networks=[TESTER], before=unknown)
    assert opened["state"] == "open"
    if meanwhile:
        _add(windows, "neighbor_netblocks", NEIGHBOR)
    closed = windows.close(1, before=unknown)
    assert closed["state"] == "closed"
    assert ("that Exim's trace does not name" in closed["remark"]) == meanwhile
    assert TESTER not in windows.host.sender_verify_bypass_hosts.read_text()


def test_delays_of_unknown_shape_open_no_window(windows: Windows) -> None:
    refused = windows.open(networks=[TESTER], before=UNKNOWN_DELAYS)
    assert "does not show how long the delay is: >>> delay asked for: 20" in refused["text"]
    assert not windows.host.sender_verify_bypass_hosts.read_text()


def test_delays_of_unknown_shape_hold_no_window_open(windows: Windows) -> None:
    windows.open(networks=[TESTER])
    closed = windows.close(1, before=UNKNOWN_DELAYS)
    assert closed["state"] == "closed"
    assert "does not show how long the delay is" in closed["remark"]


@pytest.mark.parametrize("key", ["*", "18.209.86.113-18.209.86.114"])
def test_an_entry_in_the_same_file_that_we_cannot_read(windows: Windows, key: str) -> None:
    windows.open(networks=[TESTER])
    _add(windows, "senderverifybypasshosts", key)
    assert windows.close(1)["state"] == "closed"


def test_exim_exempts_by_our_list_although_nothing_is_listed(windows: Windows) -> None:
    """The safety net: what Exim's trace says counts, when it is understood and nothing else explains it."""
    windows.open(networks=[TESTER])
    path = windows.host.sender_verify_bypass_hosts
    moved = Path(f"{path}.elsewhere")
    moved.write_text(f"{TESTER}\n")
    moved.chmod(0o644)
    answered = altered(str(moved), str(path))
    original = windows.host.exim_conf.read_text()
    windows.host.exim_conf.write_text(original.replace(f"net-iplsearch;{path}", f"net-iplsearch;{moved}"))
    failed = windows.close(1, before=answered)
    assert failed["error"] == "WindowCloseError"
    assert f"Exim still exempts {TESTER} from the delay" in failed["text"]
    windows.host.exim_conf.write_text(original)
    assert windows.close(1)["state"] == "closed"


def _add(windows: Windows, name: str, entry: str) -> Path:
    path = windows.box.root / "etc" / name
    path.write_text(f"{path.read_text()}{entry}\n")
    return path
