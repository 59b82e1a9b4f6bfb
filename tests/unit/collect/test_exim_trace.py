"""The trace of `exim -bh`, as each version prints it.

The traces in `tests/tables/exim_traces` were recorded with tests/sandbox/record_traces.py: 4.94, 4.96, 4.98
and 4.100 as Debian ships them, 4.95, 4.97 and 4.99 as built from Exim's sources.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.collect.exim_trace import StageTrace, TraceParser, session_log

FOLDER = Path(__file__).parents[2] / "tables/exim_traces"
VERSIONS = sorted(path.stem for path in FOLDER.glob("*.txt"))
BYPASS = "/etc/senderverifybypasshosts"


def scenes(version: str) -> dict[str, list[str]]:
    parts = (FOLDER / f"{version}.txt").read_text().split("== ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].split("\n") for part in parts}


def stanzas(lines: list[str]) -> list[range]:
    """The lines of exim.conf on which the delaying statements of the recorded server stand."""
    found = []
    for number, line in enumerate(lines):
        if "delay modifier requests" in line:
            statement = next(text for text in reversed(lines[:number]) if "processing" in text)
            found.append(int(statement.rpartition(" ")[2].rstrip(")")))
    return [range(number, number + 1) for number in found]


def parse(version: str, scene: str, change: tuple[str, str] = ("", "")) -> list[StageTrace]:
    """The stages `connect` and `rcpt` of a recorded session."""
    recorded = scenes(version)
    lines = [line.replace(*change) if change[0] else line for line in recorded[scene]]
    at_rcpt = next((n for n, line in enumerate(lines) if "acl_smtp_rcpt" in line), len(lines))
    parser = TraceParser(stanzas(recorded["unknown"]))
    return [parser.stage(lines[:at_rcpt]), parser.stage(lines[at_rcpt:])]


def test_every_version_is_there() -> None:
    assert [version.split(".")[1] for version in VERSIONS] == ["100", "94", "95", "96", "97", "98", "99"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_delaying_statements_are_named(version: str) -> None:
    connect, rcpt = parse(version, "unknown")
    assert (connect.delay, rcpt.delay) == (20, 20)
    assert connect.delayed_by[0].startswith("ACL acl_smtp_connect, /etc/exim.conf ")
    assert rcpt.delayed_by[0].startswith("ACL acl_smtp_rcpt, /etc/exim.conf ")
    assert not (connect.exempted_by or connect.unexplained or rcpt.unexplained or connect.unreadable)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("scene", "path"), [("network", BYPASS), ("name", "/etc/backupmxhosts")])
def test_the_exempting_list_is_named(version: str, scene: str, path: str) -> None:
    """At RCPT, too, where Exim only says that it has looked the list up before."""
    for stage in parse(version, scene):
        assert stage.exempted_by == (path,)
        assert (stage.delay, stage.delayed_by, stage.unexplained, stage.unreadable) == (0, (), (), "")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_refusal_at_connect_is_in_the_log(version: str) -> None:
    lines = scenes(version)["refused"]
    lines = lines[next(n for n, line in enumerate(lines) if "drop: condition test succeeded" in line) :]
    (log,) = (line for line in session_log(lines) if "rejected connection" in line)
    assert log.startswith("H=keeper-us-east-1d.mxtoolbox.com [18.209.86.113]:49152 rejected connection in")
    assert not any("closed by" in line for line in session_log(lines))


@pytest.mark.parametrize("version", VERSIONS)
def test_statements_of_unknown_shape_are_shown(version: str) -> None:
    connect, _ = parse(version, "unknown", ("processing ", "evaluating "))
    assert (connect.delay, connect.delayed_by) == (20, ())
    assert "delay modifier requests 20-second delay" in connect.unexplained[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_of_unknown_shape_are_shown(version: str) -> None:
    connect, _ = parse(version, "network", ("host in ", "peer within "))
    assert (connect.delay, connect.exempted_by) == (0, ())
    assert "hosts = " in connect.unexplained[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("new", ["delay modifier asks for ", "pausing "])
def test_a_delay_of_unknown_shape_is_not_taken_for_none(version: str, new: str) -> None:
    connect, _ = parse(version, "unknown", ("delay modifier requests ", new))
    assert connect.unreadable


def test_a_delay_of_no_seconds_delays_nothing() -> None:
    trace = TraceParser([range(5, 9)]).stage(
        [
            '>>> using ACL "c"',
            '>>> processing ACL c "warn" (/etc/exim.conf 6)',
            ">>> check delay = 0s",
            ">>> delay modifier requests 0-second delay",
            ">>> warn: condition test succeeded in ACL c",
        ]
    )
    assert (trace.delay, trace.delayed_by, trace.unreadable) == (0, (), "")


def test_a_list_with_a_separator_of_its_own() -> None:
    """Newer ones print the list without its separator, unlike the condition."""
    trace = TraceParser([range(5, 9)]).stage(
        [
            '>>> processing ACL c "warn" (/etc/exim.conf 6)',
            ">>> check !hosts = <; 127.0.0.1 ; +known",
            '>>> host in " 127.0.0.1 ; +known"?',
            ">>>  list element: +known",
            ">>>   start sublist known",
            '>>>    \u254ehost in "iplsearch,ret=key;/k"? yes (matched "iplsearch,ret=key;/k")',
            ">>>   end sublist known",
            '>>>  host in " 127.0.0.1 ; +known"? yes (matched "+known")',
            ">>> warn: condition test failed in ACL c",
        ]
    )
    assert trace.exempted_by == ("/k",)


def test_a_deferred_lookup_exempts_nobody() -> None:
    trace = TraceParser([range(5, 9)]).stage(
        [
            '>>> processing "warn" (/etc/exim.conf 6)',
            ">>> check hosts = ! +names : ! +known",
            '>>> host in "lsearch;/etc/names"? yes (matched "lsearch;/etc/names")',
            '>>> host in "! +names : ! +known"? list match deferred for ! +names',
            ">>> warn: condition test deferred in ACL c",
        ]
    )
    assert (trace.exempted_by, len(trace.unexplained)) == ((), 1)


def test_an_inline_acl() -> None:
    trace = TraceParser([range(5, 9)]).stage(
        [
            '>>> processing inline ACL "warn" (/etc/exim.conf 6)',
            ">>> delay modifier requests 3-second delay",
            ">>> delay skipped in -bh checking mode",
            ">>> warn: condition test succeeded in inline ACL",
        ]
    )
    assert (trace.delay, len(trace.delayed_by), trace.unexplained, trace.unreadable) == (3, 1, (), "")
