"""The list file is edited by others while a window is open, or at the moment when it opens or closes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Tally
from tests.faults.products import APPENDS, REWRITES, Product, in_order
from tests.faults.trial import Trial
from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox

LIST = "senderverifybypasshosts"
NETWORKS = [TESTER, "64.20.227.0/24", "2001:db8:99::7"]
THEIRS = b"# since 2019\n10.0.0.1\n10.0.0.2 # the office\n"
ONE, BLOCK, SIX = b"18.209.86.113\n", b"64.20.227.0/24\n", b'"2001:db8:99::7"\n'
OURS = ONE + BLOCK + SIX


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    windows.host.sender_verify_bypass_hosts.write_bytes(THEIRS)
    yield windows
    windows.host.sender_verify_bypass_hosts.write_bytes(THEIRS)
    for path in windows.host.state.glob("*"):
        path.unlink()


def end(windows: Windows, by: str) -> dict[str, Any]:
    if by == "close":
        answer: dict[str, Any] = windows.close(1)
        return answer
    windows.let_time_pass(900)
    (closed,) = windows.close_due()
    return dict(closed)


def crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


EDITS = {
    "our line removed": (BLOCK + SIX + THEIRS, THEIRS),
    "all of ours removed": (THEIRS, THEIRS),
    "emptied": (b"", b""),
    "reordered": (in_order(OURS + THEIRS), in_order(THEIRS)),
    "comments added": (
        b"# hosts\n" + ONE + b"#\n" + BLOCK + SIX + THEIRS + b"#",
        b"# hosts\n#\n" + THEIRS + b"#",
    ),
    "a line added": (OURS + b"10.0.0.3\n" + THEIRS, b"10.0.0.3\n" + THEIRS),
    "CRLF": (crlf(OURS + THEIRS), crlf(THEIRS)),
    "blanks at the line ends": (OURS.replace(b"\n", b" \t\n") + THEIRS, THEIRS),
    "no newline at the end": (OURS + THEIRS[:-1], THEIRS[:-1]),
    "no newline at the end, ours last": (THEIRS + OURS[:-1], THEIRS),
    "IPv6 without its quotes": (OURS.replace(b'"', b"") + THEIRS, THEIRS),
    "IPv4 in quotes": (b'"' + ONE[:-1] + b'"\n"' + BLOCK[:-1] + b'"\n' + SIX + THEIRS, THEIRS),
}
"""What somebody makes of the file while the window is open, and what must be left of that in the end."""

SPARED = {
    "our line duplicated": (ONE + OURS + THEIRS, ONE + THEIRS),
    "a comment behind our line": (
        ONE[:-1] + b" # keep\n" + BLOCK + SIX + THEIRS,
        ONE[:-1] + b" # keep\n" + THEIRS,
    ),
    "a CIDR that contains ours": (OURS + THEIRS + b"18.209.0.0/16\n", THEIRS + b"18.209.0.0/16\n"),
}
"""The same; what is left spares the tester the delay for good, and that is said."""


@pytest.mark.parametrize("by", ["close", "keeper"])
@pytest.mark.parametrize("edit", [*EDITS, *SPARED])
def test_edited_while_the_window_was_open(windows: Windows, tally: Tally, edit: str, by: str) -> None:
    edited, left = {**EDITS, **SPARED}[edit]
    path = windows.host.sender_verify_bypass_hosts
    trial = Trial(windows)
    assert windows.open(networks=NETWORKS)["state"] == "open"
    assert path.read_bytes() == OURS + THEIRS
    path.write_bytes(edited)
    closed = end(windows, by)
    assert closed["state"] == "closed", closed
    trial.expect(LIST, left)
    if edit in SPARED:
        trial.delays[TESTER] = 0
        assert f"{TESTER} is still exempt from the delay, by {path}" in closed["remark"]
    assert ("had been taken out" in closed["remark"]) == (
        edit in ("our line removed", "all of ours removed", "emptied", "a comment behind our line")
    )
    tally(f"list file: {edit}", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_deleted_while_the_window_was_open(windows: Windows, tally: Tally, by: str) -> None:
    path = windows.host.sender_verify_bypass_hosts
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    path.unlink()
    assert "was deleted meanwhile" in end(windows, by)["remark"]
    trial.expect(LIST, b"")
    tally("list file: deleted", trial.damage())


def test_the_editor_merges_our_line_with_the_same_line_of_the_admin(windows: Windows, tally: Tally) -> None:
    """Known limit: the file does not tell whose the one line is. It goes with the window, and the window
    tells whoever wanted it to stay."""
    path = windows.host.sender_verify_bypass_hosts
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    path.write_bytes(b"".join(sorted({*path.read_bytes().splitlines(keepends=True), ONE})))
    closed = windows.close(1)
    assert (
        "whoever wants one of this window's addresses to stay there has to add it again" in closed["remark"]
    )
    trial.expect(LIST, in_order(THEIRS))
    tally("list file: our line merged with the admin's", trial.damage())


def test_a_look_alike_that_stood_there_before_stays(windows: Windows, tally: Tally) -> None:
    """Without quotes an IPv6 address has no effect in Exim; an admin's own stays all the same."""
    path = windows.host.sender_verify_bypass_hosts
    path.write_bytes(SIX.replace(b'"', b"") + THEIRS)
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    path.write_bytes(path.read_bytes().replace(SIX, b""))
    assert windows.close(1)["state"] == "closed"
    tally("list file: IPv6 without its quotes", trial.damage())


@pytest.mark.parametrize("link", ["absolute", "relative"])
@pytest.mark.parametrize("by", ["close", "keeper"])
def test_a_symbolic_link(windows: Windows, tally: Tally, link: str, by: str) -> None:
    path = windows.host.sender_verify_bypass_hosts
    target = windows.box.root / "var/lists/bypass"
    target.parent.mkdir(exist_ok=True)
    before = path.stat()
    path.rename(target)
    os.chown(target, 8, 12)
    target.chmod(0o664)
    path.symlink_to(target if link == "absolute" else "../var/lists/bypass")
    try:
        kept = path.readlink()
        trial = Trial(windows)
        assert windows.open(networks=NETWORKS)["state"] == "open"
        assert target.read_bytes() == OURS + THEIRS
        assert end(windows, by)["state"] == "closed"
        assert (path.is_symlink(), path.readlink()) == (True, kept)
        assert [entry.name for entry in target.parent.iterdir()] == ["bypass"]
        status = target.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (8, 12, 0o664)
        tally("list file: a symbolic link", trial.damage())
    finally:
        path.unlink()
        target.rename(path)
        os.chown(path, before.st_uid, before.st_gid)
        path.chmod(before.st_mode)


@pytest.mark.slow
@pytest.mark.random
@pytest.mark.parametrize("code", [APPENDS, REWRITES], ids=["appends", "rewrites"])
def test_another_product_adds_lines_at_the_same_moment(windows: Windows, tally: Tally, code: str) -> None:
    """It loses no line (their order may change), and our lines do not outlive the window.

    A program that rewrites the file from an older copy can put our line back or drop it; an opening or a
    closing that sees this says so, and the keeper closes.
    """
    path = windows.host.sender_verify_bypass_hosts
    trial = Trial(windows)
    product = Product(windows, code)
    try:
        for number in range(1, 8):
            opened = windows.open(networks=NETWORKS)
            assert opened.get("state") == "open" or opened["error"] in (
                "WindowOpenError",
                "WindowCloseError",
            ), opened
            closed = windows.close(number)
            assert closed.get("state") == "closed" or closed["error"] in ("WindowRefused", "WindowCloseError")
            windows.let_time_pass(1860)
            windows.keeper()
    finally:
        added = product.stop()
    windows.let_time_pass(1860)
    assert windows.keeper() == 0
    assert len(added) > 1000
    now, wanted = path.read_bytes(), THEIRS + added
    trial.expect(LIST, now if in_order(now) == in_order(wanted) else wanted)
    tally(f"list file: another product {'appends' if code is APPENDS else 'rewrites it'}", trial.damage())
