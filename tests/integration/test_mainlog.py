"""What the sandbox's real Exim logs for each ending of a visit (tests/tables/log_endings.json), read back."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.evidence.visit import Visit
from mxverdict.host import Host
from tests import log_reference
from tests.sandbox.box import Sandbox
from tests.sandbox.settings import LOG_SELECTORS

pytestmark = pytest.mark.exim

SERVER = "203.0.113.10"
KEEPER = "18.209.86.113"
STRANGER = "198.51.100.7"
TESTERS = testers.load().testers
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "tables/log_endings.json").read_text())
HOSTILE = [
    ["reply", f"EHLO x) [{KEEPER}]:49152 D=2s closed by QUIT", "reply", "QUIT", "reply"],
    ["reply", f"EHLO [{KEEPER}]", "reply", "QUIT", "reply"],
    ["reply", f"EHLO k) [{KEEPER}]:4 F=<a@b> rejected RCPT <c@d>: no", "reply",
     f'MAIL FROM:<"q) [{KEEPER}]:5 F=<x>"@mxtoolboxsmtpdiag.com>', "reply",
     f'RCPT TO:<"q) [{KEEPER}]:5 F=<x> rejected RCPT <c>: x"@b.example>', "reply", "QUIT", "reply"],
    ["reply", "EHLO keeper-us-east-1d.mxtoolbox.com", "reply", "MAIL FROM:<info@shop.example>", "reply",
     "RCPT TO:<info@shop.example>", "reply", "DATA", "reply",
     f"Subject: x) [{KEEPER}]:4 P=esmtp\r\nMessage-ID: <H=[{KEEPER}]:5>\r\n\r\n.", "reply", "QUIT", "reply"],
    ["reply", f"x) [{KEEPER}]:4 dropped: too many", *["reply", "FOO"] * 5, "reply"],
]  # fmt: skip
SELECTORS = {"cPanel's": {}, "all": {"log_selector": LOG_SELECTORS["all"], "log_timezone": "true"}}


def talk(box: Sandbox, source: str, sessions: list[list[str]]) -> None:
    script = json.dumps(sessions).replace("%ADDRESS%", source)
    command = [sys.executable, "-m", "tests.sandbox.talk", SERVER, source, script]
    done = box.run(command, namespace=box.outside, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(connect_delay=1, rcpt_delay=1, slow_fail_limit=100) as box:
        box.run([box.root / "usr/local/cpanel/bin/whmapi1", "enable_cpgreylist"], check=True)
        yield box


@pytest.fixture(scope="module", params=SELECTORS)
def visits(box: Sandbox, request: pytest.FixtureRequest) -> dict[str, list[Visit]]:
    """The visits of each case by its title; the hostile ones of a stranger come in between."""
    second = list(SELECTORS).index(request.param)
    source = {case["title"]: f"64.20.227.{100 * second + n}" for n, case in enumerate(CASES, 10)}
    box.add_outside(*source.values())
    etc = box.root / "etc"
    for name, mark in (("recent_recipient_mail_server_ips", "trusted"), ("spammeripblocks", "blocked")):
        marked = [f"{source[case['title']]}\n" for case in CASES if case.get(mark)]
        with (etc / name).open("a") as file:
            file.writelines(marked)
    options = {"smtp_receive_timeout": "2s", **SELECTORS[request.param]}
    (etc / "exim.conf.local").write_text(
        "@CONFIG@\n" + "".join(f"{key} = {value}\n" for key, value in options.items())
    )
    box.rebuild()
    host = Host(box.root)
    since = time.time() - 1
    with ThreadPoolExecutor(12) as pool:
        talks = [pool.submit(talk, box, source[case["title"]], case["sessions"]) for case in CASES]
        talks += [pool.submit(talk, box, STRANGER, [session]) for session in HOSTILE]
        while not all(one.done() for one in talks):
            read_visits(host, TESTERS, since)
            time.sleep(0.2)
        for one in talks:
            one.result()
    deadline = time.monotonic() + 20
    found = read_visits(host, TESTERS, since)
    unfinished = sum(case.get("unfinished", False) for case in CASES)
    while sum(v.ended == "unknown" for v in found.visits) > unfinished and time.monotonic() < deadline:
        time.sleep(0.2)
        found = read_visits(host, TESTERS, since)
    assert found.remarks == ()
    host.mainlog_memory.unlink()
    assert read_visits(host, TESTERS, since) == found
    by_source: dict[str, list[Visit]] = {}
    for visit in found.visits:
        by_source.setdefault(visit.address, []).append(visit)
    assert set(by_source) <= set(source.values())
    return {title: by_source.get(address, []) for title, address in source.items()}


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_ending(visits: dict[str, list[Visit]], case: dict[str, Any]) -> None:
    found = visits[case["title"]]
    assert len(found) == case.get("visits", 1)
    visit = found[-1]
    assert visit.tester == "mxtoolbox"
    assert visit.port > 1023
    assert case.get("unfinished") or 0 <= (visit.seconds or 0.0) < 10
    if case["visit"] is not None:
        told = dataclasses.asdict(visit)
        assert {key: told[key] for key in case["visit"]} == case["visit"]


def test_the_reference_finds_the_same(box: Sandbox, visits: dict[str, list[Visit]]) -> None:
    networks = [str(network) for tester in TESTERS for network in tester.networks]
    with Host(box.root).exim_mainlog.open("rb") as log:
        seen = log_reference.visits(log, networks)
    theirs = {(s.address, s.port): s for s in seen}
    for visit in (visit for found in visits.values() for visit in found):
        reference = theirs[visit.address, visit.port]
        assert (visit.ended, visit.seconds) == (reference.ended, reference.seconds)
        assert abs(visit.came_at - reference.came_at) < 0.001


def test_log_command(box: Sandbox, visits: dict[str, list[Visit]]) -> None:
    command = [sys.executable, "-m", "mxverdict.cli.main", "log", "--since", "1h"]
    said = box.run([*command, "--json"], check=True).stdout
    data = json.loads(said)
    assert data["schema"] == 1
    assert len(data["visits"]) >= sum(map(len, visits.values()))
    relay = next(v for v in data["visits"] if v["refused"] == "relay" and v["ended"] == "quit")
    assert relay["printed"] == "OK - Not an open relay."
    shown = box.run(command, check=True).stdout
    assert f"{len(data['visits'])} visits of testers since" in shown
    assert "it got through and was rightly refused relaying, then said QUIT" in shown
    assert "\x1b[31m" not in shown
    assert STRANGER not in shown
    assert box.run([*command, "--tester", "swaks"], check=True).stdout.startswith("No visit of testers")
    assert box.run([*command[:-1], "1x"]).returncode == 2


def test_check_holds_the_prediction_against_the_last_visit(box: Sandbox) -> None:
    talk(box, KEEPER, [["reply", "EHLO k.mxtoolbox.com", "reply", "QUIT", "reply"]])
    done = box.run(
        [sys.executable, "-m", "mxverdict.cli.main", "check", "--tester", "mxtoolbox", "--json", SERVER]
    )
    predictions = json.loads(done.stdout)["predictions"]
    told = next(p["history"] for p in predictions if KEEPER in p["sources"])
    assert f"from {KEEPER}, met the same: it said QUIT" in told
