"""Sessions made by seed (tests/exim_lines.py), over all versions of Exim and log selectors: the visit reader,
the reference parser, the traffic counter and the follower of a window find what is true, in pieces as in one,
whatever others say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import pytest

from mxverdict.collect.mainlog import line_scan
from mxverdict.collect.mainlog.lines import parse
from mxverdict.collect.mainlog.traffic_counter import TrafficCounter
from mxverdict.host import Host
from mxverdict.window.watch import tester_visit
from tests import log_reference
from tests.exim_lines import CPANELS, HELOS, SELECTORS, VERSIONS, Exim, Maker, Stamped, Truth
from tests.unit.collect.mainlog.logs import host_in, look
from tests.unit.window.rows import window

START = 1795471200.0
TESTER = "18.209.86.113"
HOSTILE = (
    *HELOS,
    f"x) [{TESTER}]:49152 D=2s closed by QUIT",
    f"x) [{TESTER}]:49152 lost D=1s",
    f"x) [{TESTER}]:49152 (TCP/IP connection count = 1)",
    f"x) [{TESTER}]:49152 F=<a@b> rejected RCPT <c@d>: no",
    f"x) [{TESTER}]:49152 rejected RCPT <c@d>: no",
    f"x) [{TESTER}]:49152 sender verify fail for <a@b.example>: no",
    f"x) [{TESTER}]:49152 dropped by 'connect' ACL: no",
    f"x) [{TESTER}]:49152 P=esmtp S=1 T=",
    f"x) [{TESTER}]:49152 (SSL_accept): timed out",
    f"x) [{TESTER}]:49152 I=[{TESTER}]:25 Ci=1 closed by EOF",
    f"x) [{TESTER}]:49152 lost while reading message data",
    f'x" H=[{TESTER}]:49152 next input="',
    f'x" H=(y) [{TESTER}]:49152 next input="',
    f"[{TESTER}]",
    f"[{TESTER}]:49152",
    f"2026-11-23 22:00:05 SMTP connection from [{TESTER}]:49152 closed by QUIT",
    ") [9.9.9.9]:1" * 20,
)


pytestmark = pytest.mark.random


@pytest.fixture(params=VERSIONS, ids=[f"4.{version}" for version in VERSIONS])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["cPanel's", *(pytest.param(one, marks=pytest.mark.slow) for one in ("all", "some"))])
def exim(request: pytest.FixtureRequest, version: int, random: Random) -> Exim:
    some = [name for name in SELECTORS if random.random() < 0.5]
    return Exim(version, {"cPanel's": CPANELS, "all": SELECTORS, "some": some}[request.param])


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_in(tmp_path)


def made(
    dice: Random, exim: Exim, helos: Sequence[str], addresses: Iterable[str]
) -> tuple[list[Truth], list[Stamped]]:
    """The truth about a session from each address, and their lines."""
    maker = Maker(dice, exim, helos)
    sessions = [maker.session(START + 10 * number, address) for number, address in enumerate(addresses)]
    return [truth for truth, _ in sessions], [line for _, told in sessions for line in told]


def log_of(lines: Iterable[Stamped]) -> bytes:
    ordered = sorted(lines, key=lambda line: line.at)
    return "".join(f"{line.text}\n" for line in ordered).encode("latin-1")


def addresses(count: int) -> list[str]:
    return [f"64.20.227.{number}" for number in range(1, count + 1)]


def session_of_the_tester(dice: Random, exim: Exim) -> tuple[Truth, list[Stamped]]:
    """One that a follower does not give up before its end."""
    while True:
        truth, own = Maker(dice, exim).session(START + 100, TESTER)
        if own[-1].at - own[0].at < 900:
            return truth, own


def shown(text: str) -> str:
    """As the product decodes what Exim wrote of that."""
    return text.encode("latin-1").decode(errors="replace")


def test_reader_and_reference_find_what_is_true(exim: Exim, random: Random, host: Host) -> None:
    truths, lines = made(random, exim, HELOS, addresses(80))
    log = log_of(lines)
    host.exim_mainlog.write_bytes(log)
    found = {visit.address: visit for visit in look(host).visits}
    seen = {one.address: one for one in log_reference.visits(log.splitlines(True), ["64.20.227.0/24"])}
    for truth in truths:
        ours, theirs = found[truth.peer.address], seen[truth.peer.address]
        got = (ours.port, ours.ended, bool(ours.refused) or ours.ended == "rejected")
        assert got == (truth.peer.port, truth.ended, truth.refused), truth
        assert (theirs.port, theirs.ended, theirs.refused) == got, truth
        assert ours.helo == shown(truth.peer.shown_helo) == shown(theirs.helo), truth
        assert ours.seconds == pytest.approx(truth.seconds) == theirs.seconds, truth
        assert ours.came_at == pytest.approx(truth.came_at) == theirs.came_at, truth


def test_counter_and_follower_agree(exim: Exim, random: Random, host: Host) -> None:
    truths, lines = made(random, exim, HELOS, addresses(40))
    host.exim_mainlog.write_bytes(log_of(lines))
    tally = TrafficCounter(20.0)
    tally.consume(log_of(lines))
    for truth in truths:
        address = truth.peer.address
        told = (truth.taken, truth.left, truth.later, truth.delivered, truth.unverified)
        assert counted(tally, address) == told, truth
        row = window(networks=(address,), opened_at=START, log_inode=host.exim_mainlog.stat().st_ino)
        visit = tester_visit.find_session(host, row)[0]
        assert (visit.how if visit else None) == truth.how, truth


def test_what_others_say_moves_nothing(exim: Exim, random: Random, tmp_path: Path) -> None:
    """A tester's session among those of hostile visitors is read as if it were alone."""
    truth, own = session_of_the_tester(random, exim)
    _, others = made(random, exim, HOSTILE, [f"198.51.100.{number}" for number in range(1, 120)])
    for line in log_of(others).splitlines():
        ours, theirs = parse(line), log_reference.reading(line)
        assert ours is None or ours.peer is None or ours.peer.address.startswith("198.51.100."), line
        assert theirs is None or theirs.address.startswith("198.51.100."), line
    alone, among = log_of(own), log_of([*own, *others])
    found = []
    for name, log in (("alone", alone), ("among", among)):
        tally = TrafficCounter(20.0)
        tally.consume(log)
        host = host_in(tmp_path / name)
        how = followed(host, [log])
        found.append((look(host).visits, counted(tally, TESTER), how))
    assert found[0] == found[1]
    assert [visit.ended for visit in found[0][0]] == [truth.ended]
    assert found[0][1][1:3] == (truth.left, truth.later)
    assert found[0][2] == truth.how


def test_in_pieces_as_in_one(
    exim: Exim, random: Random, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_scan, "CHUNK", 700)
    truth, own = session_of_the_tester(random, exim)
    _, others = made(random, exim, HOSTILE, addresses(20))
    log = log_of([*own, *others])
    cuts = sorted(random.sample(range(1, len(log)), 9))
    pieces = [log[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(log)])]
    whole, split = host_in(tmp_path / "whole"), host_in(tmp_path / "split")
    whole.exim_mainlog.write_bytes(log)
    for piece in pieces:
        with split.exim_mainlog.open("ab") as file:
            file.write(piece)
        look(split)
    assert look(split).visits == look(whole).visits
    assert followed(whole, [log]) == followed(split, pieces) == truth.how


def counted(tally: TrafficCounter, address: str) -> tuple[int, int, int, int, int]:
    """Connections, left, left after the greeting, delivered, refused senders."""
    own = [cell for (_, one), cell in tally.cells.items() if one == address]
    refused = sum(group.count for (_, one, _, _), group in tally.refusals.items() if one == address)
    return (
        sum(cell.connections for cell in own),
        sum(cell.left for cell in own),
        sum(cell.later for cell in own),
        sum(cell.delivered for cell in own),
        refused,
    )


def followed(host: Host, pieces: Sequence[bytes]) -> str | None:
    """How the tester's visit ended, as the follower of its window puts it, looking after each piece."""
    host.exim_mainlog.write_bytes(b"")
    row = window(opened_at=START, networks=(TESTER,), log_inode=host.exim_mainlog.stat().st_ino)
    for piece in pieces:
        with host.exim_mainlog.open("ab") as file:
            file.write(piece)
        visit, row = tester_visit.find_session(host, row)
        if visit is not None:
            return visit.how
    return None
