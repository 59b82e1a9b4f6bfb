"""The self-check's judge on stored evidence, and saved pages of any kind."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest

from mxverdict.collect.selfcheck.exim import EXEMPT_LISTS
from mxverdict.collect.selfcheck.page import REGISTRATION
from mxverdict.collect.selfcheck.shapes import SHAPES, faults
from mxverdict.evidence.selfcheck import (
    MAX_BYTES,
    ApiCall,
    FileFacts,
    Selfcheck,
    Session,
    Stage,
    from_bytes,
)
from mxverdict.host import Host
from mxverdict.judge.selfcheck import DIFFERS, HOLE, OK, UNKNOWN, judge
from mxverdict.report.selfcheck import selfcheck_json, selfcheck_text
from mxverdict.testers import known_holes
from tests.output_schema import check_run
from tests.sandbox.server_files import REPOSITORY
from tests.unit.selfcheck_maker import GOOD, changed, session


def others(evidence: Selfcheck) -> dict[str, str]:
    """The items that are not as expected, with their states."""
    return {one.id: one.state for one in judge(evidence).items if one.state != OK}


def exim(**values: Any) -> Selfcheck:
    return changed("exim", **values)


def whm(function: str, outcome: str, *wrong: str, **values: Any) -> Selfcheck:
    calls = [ApiCall(function, outcome, wrong) if one.function == function else one for one in GOOD.whm.calls]
    return changed("whm", calls=tuple(calls), **values)


def one_list(**values: Any) -> Selfcheck:
    first, *rest = GOOD.lists
    return dataclasses.replace(GOOD, lists=(dataclasses.replace(first, **values), *rest))


def off(**values: Any) -> Selfcheck:
    """The delay is switched off and that is in force."""
    silent = (session("unknown", 0, 0), session("loopback", 0, 0))
    evidence = exim(**{"stanzas": 0, "exempt_lists": (), "sessions": silent, **values})
    return dataclasses.replace(evidence, setting=dataclasses.replace(GOOD.setting, line="off"))


def unattributed(visitor: str) -> tuple[Session, ...]:
    found = []
    for one in GOOD.exim.sessions:
        bare = tuple(Stage(stage.name, stage.code, stage.delay, 0) for stage in one.stages)
        found.append(Session(one.visitor, "", bare) if one.visitor == visitor else one)
    return tuple(found)


OURS = "list.senderverifybypasshosts"
JUDGED: dict[str, tuple[Selfcheck, dict[str, str]]] = {
    "good": (GOOD, {}),
    "delay off": (off(), {}),
    "off, not rebuilt": (
        off(stanzas=3, exempt_lists=EXEMPT_LISTS, sessions=GOOD.exim.sessions),
        {"exim.delay": DIFFERS},
    ),
    "no version": (exim(version=""), {"exim.version": UNKNOWN, "build.exim": UNKNOWN}),
    "oldest": (exim(version="4.94"), {}),
    "newest": (exim(version="4.100.1"), {}),
    "too old": (exim(version="4.93"), {"exim.version": DIFFERS}),
    "too new": (exim(version="4.101"), {"exim.version": DIFFERS}),
    "two markers": (exim(stanzas=2), {"exim.markers": DIFFERS}),
    "no exim.conf": (
        exim(stanzas=None, exempt_lists=(), bypass_defined=None),
        {"exim.markers": UNKNOWN, "exim.exempt_lists": UNKNOWN, "exim.bypass_list": UNKNOWN},
    ),
    "time-out": (
        exim(sessions=(Session("unknown", "timeout"),)),
        {"exim.trace": UNKNOWN, "exim.delay": UNKNOWN},
    ),
    "not understood": (
        exim(sessions=(Session("unknown", "not_understood"),)),
        {"exim.trace": DIFFERS, "exim.delay": UNKNOWN},
    ),
    "crashed": (
        exim(sessions=(Session("unknown", "crashed"),)),
        {"exim.trace": DIFFERS, "exim.delay": UNKNOWN},
    ),
    "statement not shown": (exim(sessions=unattributed("unknown")), {"exim.trace": DIFFERS}),
    "exemption not shown": (exim(sessions=unattributed("loopback")), {"exim.trace": DIFFERS}),
    "other seconds": (
        exim(sessions=(session("unknown", 5, 20), session("loopback", 0, 0))),
        {"exim.delay": DIFFERS},
    ),
    "RCPT not tried": (
        exim(sessions=(session("unknown", 20, 0), session("loopback", 0, 0)), rcpt_tried=False),
        {"exim.tracksenders": DIFFERS},
    ),
    "without the bypass list": (
        exim(exempt_lists=tuple(name for name in EXEMPT_LISTS if name != "senderverifybypass_hosts")),
        {"exim.exempt_lists": DIFFERS},
    ),
    "greylisting cut out": (
        exim(exempt_lists=tuple(name for name in EXEMPT_LISTS if not name.startswith("greylist"))),
        {},
    ),
    "pid file elsewhere": (exim(pid_path=False), {"exim.pid_file": DIFFERS}),
    "pid path unknown": (exim(pid_path=None), {}),
    "a word of no self-check": (exim(daemon="?"), {"exim.pid_file": DIFFERS}),
    "list missing": (one_list(file=FileFacts("missing"), readable=None), {OURS: DIFFERS}),
    "list missing, unused": (one_list(file=FileFacts("missing"), readable=None, referenced=False), {}),
    "list not readable": (one_list(readable=False), {OURS: DIFFERS}),
    "list not known": (one_list(readable=None), {OURS: UNKNOWN}),
    "list a folder": (one_list(file=FileFacts("folder", "root", "mail", 0o755)), {OURS: DIFFERS}),
    "list for everyone": (one_list(file=FileFacts("file", "root", "mail", 0o642)), {OURS: DIFFERS}),
    "list world-readable": (one_list(file=FileFacts("file", "root", "root", 0o644)), {}),
    "bare key": (changed("setting", line="bare"), {"setting.delay": DIFFERS, "exim.delay": UNKNOWN}),
    "two lines": (changed("setting", lines=2), {"setting.delay": DIFFERS}),
    "absent": (changed("setting", line="absent", lines=0), {}),
    "password": (changed("setting", password=True), {}),
    "password leaked": (changed("setting", password=True, leaked=True), {"setting.password": DIFFERS}),
    "greylisting off": (whm("read_cpgreylist_trusted_hosts", "refused", greylisting=False), {}),
    "greylisting refused": (
        whm("read_cpgreylist_trusted_hosts", "refused"),
        {"whm.read_cpgreylist_trusted_hosts": DIFFERS},
    ),
    "refused call": (whm("listips", "refused"), {"whm.listips": DIFFERS}),
    "other shape": (whm("listips", "ok", "ip: string"), {"whm.listips": DIFFERS}),
    "no answer": (whm("listips", "timeout"), {"whm.listips": UNKNOWN}),
    "batch cut short": (changed("whm", batch_answers=1), {"whm.batch": DIFFERS}),
    "no list of functions": (changed("whm", functions=(), listed=False), {"whm.applist": UNKNOWN}),
    "package missing": (
        changed("python", packages=(dataclasses.replace(GOOD.python.packages[0], version=""),)),
        {"python.packages": DIFFERS},
    ),
    "Python 3.15": (changed("python", version="3.15.0"), {"python.version": DIFFERS}),
    "Python 3.14": (changed("python", version="3.14.0"), {}),
    "Python ?": (changed("python", version="3.15.0rc1"), {"python.version": UNKNOWN}),
    "a shell starts the keeper": (changed("keeper", interpreter_version=""), {}),
    "keeper's Python": (changed("keeper", interpreter_version="3.6.8"), {"keeper.interpreter": DIFFERS}),
    "keeper's Python broken": (
        changed("keeper", interpreter_version="none"),
        {"keeper.interpreter": DIFFERS},
    ),
    "keeper's Python for all": (
        changed("keeper", interpreter=FileFacts("file", "other", "other", 0o755)),
        {"keeper.interpreter": DIFFERS},
    ),
    "keeper recorded an error": (changed("keeper", recorded_error=True), {"keeper.run": DIFFERS}),
    "keeper never ran": (changed("keeper", last_run=None), {"keeper.run": DIFFERS}),
    "timer disabled": (changed("keeper", enabled="disabled"), {"keeper.timer": DIFFERS}),
    "cron without the keeper": (changed("keeper", cron_line=False), {"keeper.cron": DIFFERS}),
    "no systemd": (
        changed("keeper", manager="not_running"),
        {"keeper.timer": UNKNOWN, "keeper.run": UNKNOWN},
    ),
    "journal unreadable": (changed("keeper", journal="unreadable"), {"keeper.windows": DIFFERS}),
    "close failed": (changed("keeper", close_failed=1), {"keeper.windows": DIFFERS}),
    "open windows": (changed("keeper", open=2), {}),
    "selector": (changed("log", selector=("incoming_port",)), {"log.selector": DIFFERS}),
    "selector unknown": (changed("log", selector=None), {"log.selector": UNKNOWN}),
    "one odd session": (changed("log", not_understood=8), {}),
    "odd sessions": (changed("log", not_understood=9), {"log.lines": DIFFERS}),
    "no sessions": (changed("log", sessions=0), {"log.lines": UNKNOWN}),
    "no times": (changed("log", stamped=10), {"log.lines": DIFFERS}),
    "no header": (changed("page", header=False), {"frame.header": DIFFERS}),
    "driver not tried": (changed("page", driver=None), {"privilege.driver": UNKNOWN}),
    "old cPanel": (dataclasses.replace(GOOD, cpanel_version="11.136.0.4"), {"build.cpanel": HOLE}),
    "cPanel from the API": (dataclasses.replace(GOOD, cpanel_version=""), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", JUDGED)
def test_judged(case: str) -> None:
    evidence, expected = JUDGED[case]
    page = judge(evidence)
    assert others(evidence) == expected
    status = 1 if {DIFFERS, HOLE} & set(expected.values()) else 3 if expected else 0
    assert page.exit_status == status
    for one in page.items:
        assert re.fullmatch(r"[a-z]+\.[a-z_0-9]+", one.id)
        assert one.found and one.expected and bool(one.meaning) == (one.state != OK), one
    assert len({one.id for one in page.items}) == len(page.items)
    saved = json.dumps(selfcheck_json(evidence, page)).encode()
    assert from_bytes(saved) == evidence
    text = selfcheck_text(evidence, page)
    assert all(f"\n  {name}: " in text for name in [*expected, "question.logrotate"])
    assert max(map(len, text.splitlines())) <= 100


CPANEL_41940, CPANEL_87899, CPANEL_105476 = "CVE-2026-41940", "CVE-2026-87899", "CVE-2026-105476"
BUILDS: list[tuple[str, str, Optional[set[str]]]] = [
    ("cpanel", "11.138.0.19", set()),
    ("cpanel", "11.138.0.18", {CPANEL_105476}),
    ("cpanel", "11.138.0.7", {CPANEL_87899, CPANEL_105476}),
    ("cpanel", "11.138.0.100", set()),
    ("cpanel", "11.136.0.51", set()),
    ("cpanel", "11.136.0.5", {CPANEL_87899, CPANEL_105476}),
    ("cpanel", "11.136.0.4", {CPANEL_41940, CPANEL_87899, CPANEL_105476}),
    ("cpanel", "11.134.0.67", set()),
    ("cpanel", "11.132.0.29", {CPANEL_87899, CPANEL_105476}),
    ("cpanel", "11.110.0.154", {CPANEL_87899}),
    ("cpanel", "11.40.1.1", {CPANEL_87899, CPANEL_105476}),
    ("cpanel", "11.140.0.1", set()),
    ("cpanel", "138.0.19 (build 3)", None),
    ("exim", "4.99", {"CVE-2025-67896"}),
    ("exim", "4.99.1", set()),
    ("exim", "4.98.2", set()),
    ("exim", "4.100", {"EXIM-Security-2026-09-12"}),
    ("exim", "4.100.1", set()),
    ("exim", "4.101", set()),
    ("exim", "4.100-RC1", None),
]  # fmt: skip


@pytest.mark.parametrize(("product", "version", "expected"), BUILDS)
def test_builds_with_known_holes(product: str, version: str, expected: Optional[set[str]]) -> None:
    found = known_holes.holes_of(product, version)
    assert (None if found is None else {one.id for one in found[0]}) == expected


def test_exim_packages_may_have_a_fix_that_their_number_does_not_show() -> None:
    found = known_holes.holes_of("exim", "4.96")
    assert found is not None and [one.id for one in found[1]] == ["EXIM-Security-2026-09-12"]


def test_the_list_of_holes_is_complete() -> None:
    for one in known_holes.load():
        assert one.product in ("cpanel", "exim") and one.what and one.source
        assert all(known_holes.parse(version) for version in one.fixed)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", one.date) and one.date <= known_holes.date()


@pytest.mark.parametrize(
    ("function", "data", "expected"),
    [
        ("listips", {"ip": [{"ip": "192.0.2.1", "mainaddr": 1}]}, ()),
        ("listips", {}, ("ip: missing",)),
        ("listips", {"ip": {}}, ("ip: object",)),
        ("listips", {"ip": ["192.0.2.1"]}, ("ip[].ip: missing", "ip[].mainaddr: missing")),
        (
            "listips",
            {"ip": [{"ip": 1, "mainaddr": "1", "public_ip": []}] * 3},
            ("ip[].ip: number", "ip[].public_ip: list"),
        ),
        ("get_tweaksetting", {"tweaksetting": {"key": "a"}}, ()),
        ("get_tweaksetting", {"tweaksetting": {"value": None}}, ("tweaksetting.value: null",)),
        ("get_tweaksetting", {"tweaksetting": {"value": True}}, ("tweaksetting.value: boolean",)),
        ("get_tweaksetting", {"tweaksetting": []}, ("tweaksetting: list",)),
        ("cpgreylist_status", {"is_enabled": "0"}, ()),
        ("get_domain_info", {"domains": []}, ()),
    ],
)  # fmt: skip
def test_shapes(function: str, data: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert faults(data, SHAPES[function]) == expected


def test_the_registration_is_that_of_the_plugin() -> None:
    text = (REPOSITORY / "appconfig/mxverdict.conf").read_text()
    keys = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    assert {name: keys[name] for name in REGISTRATION} == REGISTRATION


def test_a_server_that_lacks_everything(tmp_path: Path) -> None:
    from mxverdict.collect.selfcheck import collect

    evidence = collect(Host(tmp_path))
    page = judge(evidence)
    assert page.exit_status == 1
    assert from_bytes(json.dumps(selfcheck_json(evidence, page)).encode()) == evidence
    assert list(tmp_path.iterdir()) == []


def saved(**changes: Any) -> bytes:
    data = json.loads(json.dumps(selfcheck_json(GOOD, judge(GOOD))))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for name in parents:
            place = place[int(name)] if name.isdigit() else place[name]
        place[last] = value
    return json.dumps(data).encode()


POISON: dict[str, bytes] = {
    "empty": b"",
    "random": bytes(range(256)) * 40,
    "not utf-8": b'{"schema": 1, "kind": "\xff"}',
    "a list": b"[]",
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000,
    "NaN": saved().replace(b"1795972329.0", b"NaN"),
    "endless": saved().replace(b"1795972329.0", b"1e999"),
    "many digits": saved().replace(b"1795972329.0", b"9" * 5000),
    "a check's evidence": b'{"schema": 1, "version": "1", "taken_at": 1.0}',
    "of another schema": saved(schema=2),
    "without evidence": saved(evidence=None),
    "an unknown field": saved(**{"evidence__exim__\x1b[2J": 1}),
    "a long field": saved(**{f"evidence__exim__{'x' * 100_000}": 1}),
    "terminal escapes": saved(evidence__version="\x1b[31mred\x1b]0;title\x07"),
    "line ends": saved(evidence__cpanel_version="1\n2\nfake line"),
    "a long text": saved(evidence__version="x" * 201),
    "not ASCII": saved(evidence__version="\u202eversion"),
    "a number for a text": saved(evidence__version=1),
    "a text for a number": saved(evidence__taken_at="now"),
    "a truth for a number": saved(evidence__exim__stanzas=True),
    "many lists": saved(evidence__lists=[json.loads(saved())["evidence"]["lists"][0]] * 501),
    "a big number": saved(evidence__keeper__last_run=10**30),
    "surrogates": saved(evidence__version="\ud800"),
    "too large": b" " * (MAX_BYTES + 1),
}  # fmt: skip


def judge_file(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))

    command = [sys.executable, "-m", "mxverdict.cli.main", "selfcheck", "--from", str(path), *words]
    done = subprocess.run(
        command,
        env={"PYTHONPATH": str(REPOSITORY / "plugin"), "MXVERDICT_ROOT": "/nonexistent"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    check_run(command, done.stdout)
    return done


def refused(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1 and len(done.stderr) < 600, done.stderr
    assert done.stderr.strip().isprintable()


@pytest.mark.parametrize("kind", POISON)
def test_a_poisoned_page_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        from_bytes(POISON[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", POISON)
def test_a_poisoned_page_gets_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "page.json"
    path.write_bytes(POISON[kind])
    refused(judge_file(path))


def test_a_huge_page_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.touch()
    os.truncate(path, 4 << 30)
    refused(judge_file(path))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "page.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    refused(judge_file(Path("/dev/zero") if kind == "device" else path))


def test_a_saved_page_is_judged_again_elsewhere(tmp_path: Path) -> None:
    evidence = changed("keeper", recorded_error=True)
    path, again = tmp_path / "page.json", tmp_path / "again.json"
    path.write_text(json.dumps(selfcheck_json(evidence, judge(evidence))))
    done = judge_file(path, "--save", str(again))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == selfcheck_text(evidence, judge(evidence))
    assert json.loads(again.read_text()) == json.loads(path.read_text())
    assert again.stat().st_mode & 0o777 == 0o600
    assert json.loads(judge_file(path, "--json").stdout) == json.loads(path.read_text())


def test_a_page_with_other_answers_is_judged_by_its_evidence_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_bytes(saved(items=[], exit_status=4, questions="\x1b[2J"))
    done = judge_file(path)
    assert (done.returncode, done.stdout) == (0, selfcheck_text(GOOD, judge(GOOD)))


def test_wrong_usage_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_bytes(saved())
    refused(judge_file(path, "--save", str(tmp_path)))
    refused(judge_file(path, "--save", str(tmp_path / "missing/page.json")))
    assert [one.name for one in tmp_path.iterdir()] == ["page.json"]
