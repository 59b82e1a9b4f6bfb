"""What is predicted of each tester is what it prints, and what it prints is read when it is pasted.

The testers run for real against the sandbox's Exim, at cPanel's delay and at shorter ones.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mxverdict.evidence import from_json
from mxverdict.findings import Prediction
from mxverdict.pasted import recognise
from mxverdict.services.check import judge_evidence
from mxverdict.services.pasted_report import StoredPastedReport
from tests.integration.real_testers import (
    DOMAIN,
    MENDED,
    PROGRAMS,
    SERVER,
    STOCK,
    Run,
    blackbox,
    run_all,
)
from tests.sandbox.box import Sandbox

pytestmark = [pytest.mark.testers, pytest.mark.waits]

DELAYS = (0, 4, 6, 9, 12, 20)
SAMPLE = (0, 6, 20)
_EACH_DELAY = [delay if delay in SAMPLE else pytest.param(delay, marks=pytest.mark.full) for delay in DELAYS]
_AT_A_TIME = 3
_MANY = 3
"""Rate of connections an hour from which the limit of an administrator's own refuses."""


def mxverdict(box: Sandbox, *words: object, stdin: str = "") -> Any:
    done = box.run(
        [sys.executable, "-m", "mxverdict.cli.main", *words, "--json"],
        stdin=stdin,
        env={"SSL_CERT_FILE": str(box.authority.certificate)},
        timeout=120,
    )
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Trial:
    """Each program's run at one delay, and what was predicted of it before. `patient` are those of the
    exporter that wait long enough for any delay: with its stock pattern, and with the one that works."""

    runs: list[Run]
    patient: list[Run]
    stored: StoredPastedReport

    def prediction(self, tester: str) -> Prediction:
        assert self.stored.report is not None
        (one,) = [
            each
            for each in self.stored.report.predictions
            if each.tester == tester and each.server_address == SERVER
        ]
        return one


@pytest.fixture(scope="module")
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[int], Trial]]:
    """The trial at a delay in seconds. Those that are asked for run side by side: they mostly wait."""
    chosen = {
        int(item.name.partition("[")[2].strip("]"))
        for item in request.session.items
        if item.path == request.path and "[" in item.name
    }
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        made = {
            delay: pool.submit(tried, delay, tmp_path_factory.mktemp(f"delay{delay}"))
            for delay in sorted(chosen | {0, 20}, reverse=True)
        }
        yield lambda delay: made[delay].result()


def tried(delay: int, folder: Path) -> Trial:
    (exporter,) = [program for program in PROGRAMS if program.tester == "blackbox_exporter"]
    patient = [replace(exporter, command=blackbox(pattern, "25s")) for pattern in (STOCK, MENDED)]
    with Sandbox(connect_delay=delay, rcpt_delay=delay) as box:
        names = [program.tester for program in PROGRAMS]
        words = [word for name in names for word in ("--tester", name)]
        mxverdict(box, "check", DOMAIN, *words, "--save", folder / "evidence.json")
        runs = run_all(box, [*PROGRAMS, *patient])
        previews = mxverdict(box, "preview", *(run.address for run in runs))["previews"]
        codes = {one["address"]: one["stages"][0]["reply"]["code"] for one in previews}
        assert set(codes.values()) == {220}, f"no run is to be limited for its connections: {codes}"
    evidence = from_json(json.loads((folder / "evidence.json").read_text()))
    own = {asked.name: asked.addresses for asked in evidence.asked}
    stored = StoredPastedReport(evidence, judge_evidence(evidence, names), own)
    return Trial(runs[: len(PROGRAMS)], runs[len(PROGRAMS) :], stored)


@pytest.mark.parametrize("delay", _EACH_DELAY)
def test_predicted_is_what_is_printed(trial: Callable[[int], Trial], delay: int) -> None:
    made = trial(delay)
    wrong = []
    for run in made.runs:
        (finding,) = made.prediction(run.program.tester).findings
        said = plain(finding.row.text) in plain(run.printed)
        if finding.row.level != run.level or not said:
            wrong.append(f"{run.program.tester}: {finding.row.level} {finding.row.text!r}, not {run.level}")
    assert wrong == []


def plain(text: str) -> str:
    return " ".join(text.replace('"', "").split())


@pytest.mark.parametrize("delay", _EACH_DELAY)
def test_what_is_printed_is_read_and_answered(trial: Callable[[int], Trial], delay: int) -> None:
    made = trial(delay)
    wrong = {}
    for run in made.runs:
        pasted = recognise(run.printed)
        explained = made.stored.explain(pasted, [SERVER])
        rows = [(one.row.tester, one.row.complains, one.verdict.value) for one in explained.answers]
        verdict = "ok" if run.level == "ok" else "false_positive"
        expected = {(run.program.tester, run.level != "ok", verdict)}
        if set(rows) != expected or explained.unrecognised or explained.exit_status:
            wrong[run.program.tester] = (rows, explained.unrecognised, run.printed)
    assert wrong == {}


@pytest.mark.parametrize("delay", _EACH_DELAY)
def test_a_false_alarm_comes_with_the_setting_that_ends_it(trial: Callable[[int], Trial], delay: int) -> None:
    made = trial(delay)
    for run in made.runs:
        prediction = made.prediction(run.program.tester)
        (finding,) = prediction.findings
        assert prediction.setting
        assert finding.todo == (prediction.setting if run.level == "error" else "")


def test_the_pattern_that_works(trial: Callable[[int], Trial]) -> None:
    """The stock pattern fails without any delay; the one that is advised passes behind the longest."""
    fast, slow = trial(0), trial(20)
    assert [run.level for run in fast.patient] == [run.level for run in slow.patient] == ["error", "ok"]
    (finding,) = fast.prediction("blackbox_exporter").findings
    assert (finding.row.level, finding.verdict.value) == ("error", "false_positive")
    assert STOCK in finding.why
    assert f'"{MENDED}"' in finding.todo


def test_a_limit_on_connections_is_predicted() -> None:
    """cPanel's own limits count no connections as such; one of the administrator's own may."""
    scanners = [program for program in PROGRAMS if program.tester == "testssl.sh"]
    with Sandbox(connect_delay=0, rcpt_delay=0, connections_an_hour=_MANY) as box:
        (prediction, *_) = mxverdict(box, "check", SERVER, "--tester", "testssl.sh")["predictions"]
        (finding,) = prediction["findings"]
        (run,) = run_all(box, scanners)
        log = (box.root / "var/log/exim_mainlog").read_text().splitlines()
    assert (finding["row"]["level"], finding["verdict"]) == ("error", "false_positive")
    begun, refused = (
        [match[1] for line in log if sign in line and (match := port.search(line))]
        for port in (re.compile(re.escape(f"[{run.address}]") + r":(\d+)"),)
        for sign in ("TCP/IP connection count", "Host is ratelimited")
    )
    assert f"from number {begun.index(refused[0]) + 1} on" in finding["why"]
