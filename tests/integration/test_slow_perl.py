"""Simulated sessions with a real Exim that loads a Perl of its own, as cPanel's does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_no_trace import state
from tests.sandbox.box import Sandbox
from tests.sandbox.network import SERVER_IPV4

TESTER, STRANGER = "18.209.86.113", "192.0.2.1"

PREVIEWS = """
import json, re, sys
from mxverdict import testers
from mxverdict.collect import exim_preview as previews
from mxverdict.collect.exim_sessions import EximSessions
from mxverdict.host import Host

server, patience, sources = json.loads(sys.argv[1])
previews.TIMEOUT = patience
commands = testers.load().tester("mxtoolbox").commands
jobs = [(source, server, commands(source)[:length]) for source, length in sources]

def told(preview):
    stages = [(s.name, s.reply and [s.reply.code, *s.reply.lines], s.delay, s.delayed_by, s.exempted_by,
               s.log) for s in preview.stages]
    shown = json.dumps([preview.commands, preview.failure, stages])
    return re.sub(r"\\w+, \\d+ \\w+ \\d{4} [\\d:]+ [+-]\\d{4}", "DATE", shown)

print(json.dumps([told(one) for one in EximSessions(Host.from_environment()).play_all(jobs).values()]))
"""


def previews(box: Sandbox, sources: list[tuple[str, int]], patience: float = 10.0) -> Any:
    """One text for each (address, number of commands), in the words of MXToolbox."""
    asked = json.dumps([SERVER_IPV4, patience, sources])
    return json.loads(box.run([sys.executable, "-c", PREVIEWS, asked], check=True).stdout)


def change_configuration(box: Sandbox, old: str, new: str) -> None:
    file = box.root / "etc/exim.conf"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.fixture
def loads(box: Sandbox) -> Iterator[Path]:
    """A file that grows by a byte whenever Perl is loaded."""
    file = box.root / "sandbox/loads"
    original = (box.root / "etc/exim.conf").read_text()
    counted = f"perl_startup = open(my $f, '>>', '{file}'); print $f '.'; close $f; "
    change_configuration(box, "perl_startup = ", counted)
    file.write_text("")
    file.chmod(0o666)
    yield file
    (box.root / "etc/exim.conf").write_text(original)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(perl_startup=150) as box:
        yield box


def cpu_seconds(command: list[object]) -> float:
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    return used.ru_utime + used.ru_stime


def test_the_perl_of_the_sandbox_costs_what_it_should_at_each_start(box: Sandbox) -> None:
    assert cpu_seconds([box.root / "usr/sbin/exim", "-bV"]) >= 0.15


def test_a_session_that_does_not_need_perl_does_not_load_it(box: Sandbox, loads: Path) -> None:
    previews(box, [(TESTER, 1), (STRANGER, 0)])
    assert loads.read_text() == ""
    previews(box, [(TESTER, 3)])
    assert loads.read_text() == "."


def test_a_session_that_may_need_perl_has_it_loaded_at_once_and_as_root(box: Sandbox, loads: Path) -> None:
    change_configuration(box, "print $f '.'", "print $f $>")
    previews(box, [(TESTER, 2), (STRANGER, 3)])
    change_configuration(
        box, "acl_smtp_connect:\n", "acl_smtp_connect:\n  warn set acl_c1 = ${perl{sender_may_send}}\n"
    )
    previews(box, [(STRANGER, 0)])
    assert loads.read_text() == "000"


def test_a_session_is_told_the_same_with_perl_loaded_at_once(box: Sandbox) -> None:
    sources = [(TESTER, 1), (STRANGER, 0)]
    late = previews(box, sources)
    wrapper = box.root / "usr/sbin/exim"
    original = wrapper.read_text()
    try:
        wrapper.write_text(original.replace('"$@"', '"$@" -ps'))
        at_once = previews(box, sources)
    finally:
        wrapper.write_text(original)
    assert late == at_once
    assert len(set(late)) == len(sources)


def test_a_shorter_session_is_told_the_same_whether_held_or_taken_from_the_longer(box: Sandbox) -> None:
    for source in (TESTER, STRANGER):
        lengths = [(source, length) for length in range(4)]
        assert previews(box, lengths) == [previews(box, [one])[0] for one in lengths]


def test_a_perl_slower_than_the_usual_time_does_not_make_a_session_unknown(box: Sandbox) -> None:
    original = (box.root / "etc/exim.conf").read_text()
    change_configuration(
        box, "sub sender_may_send {", "select(undef, undef, undef, 1.5); sub sender_may_send {"
    )
    try:
        told = previews(box, [(f"198.51.100.{number}", 3) for number in range(1, 6)], patience=0.5)
    finally:
        (box.root / "etc/exim.conf").write_text(original)
    assert {json.loads(one)[1] for one in told} == {""}


def test_sessions_leave_no_trace(box: Sandbox) -> None:
    before = state(box.root)
    previews(box, [(TESTER, 3), (STRANGER, 3), (STRANGER, 1)])
    assert state(box.root) == before
