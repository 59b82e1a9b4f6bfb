"""Logs made of damaged, odd and hostile lines with fixed seeds: no crash, and the visits that another, slow
way of reading finds (tests/log_reference.py)."""

from __future__ import annotations

import io
import ipaddress
import json
import random
import tracemalloc
from pathlib import Path
from typing import Optional

import pytest

from mxverdict.collect.mainlog import line_scan
from mxverdict.collect.mainlog.lines import parse, times_of
from tests import log_reference
from tests.table import log_lines
from tests.unit.collect.mainlog.logs import ANY, TESTERS, host_in, look

pytestmark = pytest.mark.slow

TABLES = Path(__file__).parents[3] / "tables"
NETWORKS = [network for tester in TESTERS for network in tester.networks]
LINES = [log_lines.raw(row) for row in log_lines.rows(TABLES / "log_lines.tsv")] + [
    b"2026-11-23 22:00:" + line.encode()
    for case in json.loads((TABLES / "log_visits.json").read_text())
    for line in case["lines"]
]
PIECES = [
    b"[18.209.86.113]:49152", b"[64.20.227.9]:7", b"[9.9.9.9]:4", b"[::ffff:18.209.86.113]", b"A" * 3000,
    b"(", b") ", b"H=", b"\x00", b"\xff\xfe", b"\r", b" D=15s", b" lost", b" closed by QUIT", b" F=<", b'"',
    b"\\", b"> rejected RCPT <", b"\xe2\x80\xae", b" ", b":", b"2026-11-23 22:00:09 ",
    b"SMTP connection from ",
    "ü".encode("utf-16"),
]  # fmt: skip


def damaged(dice: random.Random, line: bytes) -> bytes:
    piece: bytes = dice.choice(PIECES)
    other: bytes = dice.choice(LINES)
    kind = dice.randrange(7)
    at = dice.randrange(len(line) + 1)
    if kind == 0:
        return line[:at]
    if kind == 1:
        return line[:at] + piece + line[at:]
    if kind == 2:
        return (
            line[:at]
            + bytes(dice.randrange(256) for _ in range(dice.randrange(9))).replace(b"\n", b"")
            + line[at:]
        )
    if kind == 3:
        return line[:at] + other[dice.randrange(40) :]
    if kind == 4:
        end = dice.randrange(at, len(line) + 1)
        return line[:at] + line[end:]
    if kind == 5:
        return b"".join(dice.choice(PIECES) for _ in range(dice.randrange(12)))
    return line


@pytest.mark.parametrize("seed", range(30))
def test_damaged_logs(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_scan, "CHUNK", 5000)
    dice = random.Random(seed)
    log = [damaged(dice, dice.choice(LINES)) for _ in range(400)]
    for line in log:
        ours, theirs = parse(line), log_reference.reading(line)
        if ours is not None and ours.peer is not None and theirs is not None:
            assert (ours.peer.address, ours.peer.port) == (theirs.address, theirs.port), line
    host = host_in(tmp_path)
    host.exim_mainlog.write_bytes(b"\n".join([*log, b""]))
    found = look(host)
    assert found.remarks == ()
    times = times_of(host.exim_mainlog.stat().st_mtime)
    peers = {line.peer for line in map(parse, log) if line and line.peer and line.time in times}
    assert {(v.address, v.port) for v in found.visits} == {
        (peer.address, peer.port)
        for peer in peers
        if any(ipaddress.ip_address(peer.address) in network for network in NETWORKS)
    }


@pytest.mark.parametrize("line", LINES)
def test_the_reference_reads_whole_lines_alike(line: bytes) -> None:
    ours, theirs = parse(line), log_reference.reading(line)
    assert ours is not None
    if theirs is not None:
        assert ours.peer is not None
        assert (ours.time, ours.peer.address, ours.peer.port) == (theirs.at, theirs.address, theirs.port)
        assert ours.peer.helo.encode() == theirs.helo.encode("latin-1")
        if ours.kind == "end":
            assert ours.seconds == theirs.seconds


@pytest.mark.parametrize("seed", range(30))
def test_nobody_passes_for_another(seed: int) -> None:
    """Whatever a visitor says, its line is about its own address, or about none."""
    dice = random.Random(seed)

    def said(most: int) -> bytes:
        parts = [dice.choice([*PIECES, *LINES])[dice.randrange(3) :] for _ in range(dice.randrange(1, most))]
        return b"".join(parts)[:7000]

    told = 0
    for number in range(300):
        helo, quoted = said(6), said(5).replace(b'"', b"'").replace(b"\\", b"/")
        real = b"[203.0.113.%d]:%d" % (number % 250, 1000 + number)
        peer = dice.choice([b"(%s) " % helo, b"name.example (%s) " % helo, b"name.example ", b""]) + real
        line = dice.choice(
            [
                b"SMTP connection from %s closed by QUIT" % peer,
                b"SMTP connection from %s lost D=3s" % peer,
                b"unexpected disconnection while reading SMTP command from %s D=3s" % peer,
                b'H=%s F=<"%s"@b.example> rejected RCPT <"%s"@d.example>: no' % (peer, quoted, said(4)),
                b'H=%s sender verify fail for <"%s"@b.example>: %s' % (peer, quoted, said(4)),
                b'SMTP call from %s dropped: too many unrecognized commands (last was "%s")'
                % (peer, said(5)),
                b'1xWAFC-000780-0l <= "%s"@b.example H=%s P=esmtp S=3 T="%s" for x' % (quoted, peer, said(5)),
                b"TLS error on connection from %s (SSL_accept): %s" % (peer, said(3)),
            ]
        )
        parsed = parse(b"2026-11-23 22:00:01 " + line)
        assert parsed is not None
        if parsed.peer is not None:
            told += 1
            assert f"[{parsed.peer.address}]:{parsed.peer.port}".encode() == real, line
    assert told > 100


def test_very_long_lines(tmp_path: Path) -> None:
    host = host_in(tmp_path)
    end = b"2026-11-23 22:00:15 SMTP connection from [18.209.86.113]:4711 lost D=15s\n"
    for size in (9_000, 70_000, 262_143, 262_144, 1_000_000, 3_000_000):
        long = b"2026-11-23 22:00:01 H=(" + b"x" * size + b") [18.209.86.113]:9 lost D=1s\n"
        host.mainlog_memory.unlink(missing_ok=True)
        host.exim_mainlog.write_bytes(long + end + long + end.replace(b"4711", b"4712") + long[:-1])
        assert [v.port for v in look(host).visits] == [4711, 4712]
        with host.exim_mainlog.open("ab") as log:
            log.write(b"\n" + end.replace(b"4711", b"4713"))
        assert [v.port for v in look(host).visits] == [4711, 4712, 4713]


def test_the_filter_lets_every_form_of_an_address_through() -> None:
    for network, forms in {
        "18.209.86.113": ["18.209.86.113", "::ffff:18.209.86.113"],
        "64.20.227.0/24": ["64.20.227.0", "64.20.227.255"],
        "64.20.224.0/21": ["64.20.224.1", "64.20.231.255"],
        "10.0.0.0/8": ["10.255.0.1"],
        "0.0.0.0/0": ["9.9.9.9"],
        "2001:db8::1": ["2001:db8::1"],
        "2001:db8:0:1::/64": ["2001:db8:0:1::1", "2001:db8:0:1:2:3:4:5"],
        "2001:db8::/32": ["2001:db8::", "2001:db8:ffff::1"],
        "::/0": ["2001:db8::1", "::1", "fe80::1"],
        "::1": ["::1"],
    }.items():
        wanted = line_scan.pattern([ipaddress.ip_network(network)])
        for form in forms:
            assert wanted.search(f"SMTP connection from [{form}]:4 lost".encode()), (network, form)
    assert not line_scan.pattern([]).search(b"[18.209.86.113]")


def test_an_endless_line_takes_no_memory() -> None:
    class Endless(io.BytesIO):
        left = 400

        def read(self, size: Optional[int] = -1) -> bytes:
            self.left -= 1
            return b"x" * (size or 0) if self.left > 0 else b""

    tracemalloc.start()
    assert list(line_scan.Scan(Endless(), line_scan.pattern(NETWORKS), ANY)) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * line_scan.CHUNK
