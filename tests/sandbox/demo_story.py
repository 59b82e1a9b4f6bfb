"""The whole story without a person: false alarms, prediction, test windows that close themselves."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.sandbox import network
from tests.sandbox.box import TESTER, Sandbox
from tests.sandbox.comparison import differences
from tests.sandbox.demo_commands import Commands
from tests.sandbox.tester_report import Report

_FALSE_ALARMS = ("SMTP Banner Check", "SMTP TLS", "SMTP Transaction Time")
_CLOCK = 1.0
"""Seconds by which a predicted time may miss the real one."""
_LATEST = 60.0
"""Seconds after its deadline at which a window is closed at the latest (docs/architecture.md 6)."""


class StepFailed(Exception):
    """The message says what was true instead."""


@dataclass(frozen=True)
class _Predicted:
    """What `mxverdict check --json` said: its exit status and its prediction for the tester."""

    exit_status: int
    prediction: Any

    @property
    def report(self) -> dict[str, Any]:
        rows = [finding["row"] for finding in self.prediction["findings"]]
        return {**self.prediction, "rows": rows}

    @property
    def verdicts(self) -> dict[str, str]:
        return {finding["row"]["name"]: finding["verdict"] for finding in self.prediction["findings"]}


class Story:
    """Tells each step as one line. The keeper must be running beside it (`demo_commands.Timer`)."""

    def __init__(self, box: Sandbox, commands: Commands, minutes: int) -> None:
        self._box = box
        self._commands = commands
        self._minutes = minutes
        self._number = 0

    def play(self) -> bool:
        """Whether every step was true; the first that is not ends the story."""
        try:
            self._delay_is_met("")
            for option in ("--whitelist", "--delay-off"):
                self._window(option)
        except (StepFailed, RuntimeError, subprocess.SubprocessError) as failed:
            print(f"FAILED: {failed}\nStep {self._number} was not true.", flush=True)
            return False
        print(f"All {self._number} steps were true.", flush=True)
        return True

    def _window(self, option: str) -> None:
        self._step(f"`mxverdict window open {option} --minutes {self._minutes}`")
        start = time.monotonic()
        opened = self._mxverdict("window", "open", option, "--minutes", self._minutes)["windows"][0]
        _demand(opened["state"] == "open", f"the window is {opened['state']}")
        self._done(f"window {opened['id']} is open after {time.monotonic() - start:.1f} s")

        self._all_is_good()
        self._closes_itself(opened)
        self._delay_is_met(" again")

    def _delay_is_met(self, again: str) -> None:
        predicted = self._predict()
        self._step(f"The tester visits{again} and reports its three false alarms")
        report = self._box.visit()
        alarms = sorted(row.name for row in report.rows if row.level != "ok")
        _demand(alarms == sorted(_FALSE_ALARMS), f"it reported {_summary(report)}")
        self._done(_summary(report))

        self._compare(predicted, report)
        self._step("`mxverdict check` called all three false positives, and nothing a problem")
        verdicts = predicted.verdicts
        false = sorted(row for row, verdict in verdicts.items() if verdict == "false_positive")
        _demand(false == sorted(_FALSE_ALARMS), f"its verdicts were {verdicts}")
        _demand(predicted.exit_status == 0, f"its exit status was {predicted.exit_status}")
        self._done(", ".join(f"{row}: {verdicts[row]}" for row in _FALSE_ALARMS))

    def _all_is_good(self) -> None:
        predicted = self._predict()
        self._step("The tester visits again and reports all good")
        report = self._box.visit()
        _demand(all(row.level == "ok" for row in report.rows), f"it reported {_summary(report)}")
        self._done(report.row("SMTP Transaction Time").text)
        self._compare(predicted, report)

    def _closes_itself(self, opened: Any) -> None:
        deadline = opened["deadline"]
        self._step(f"The keeper closes the window at its deadline, in {deadline - time.time():.0f} s")
        closed = self._wait_for_close(opened["id"], deadline + _LATEST)
        late = datetime.fromisoformat(closed["time"]).timestamp() - deadline
        _demand(late >= 0, f"it closed {-late:.1f} s before its deadline")
        state = next(w for w in self._mxverdict("window", "list")["windows"] if w["id"] == opened["id"])
        _demand(state["state"] == "closed", f"the window is {state['state']}: {state['error']}")
        self._done(f"closed {late:.1f} s after its deadline")

    def _wait_for_close(self, window: int, latest: float) -> Any:
        """The audit trail's line. Runs no `mxverdict` command meanwhile: each of them closes what is due."""
        trail = self._box.root / "var/lib/mxverdict/audit.jsonl"
        while time.time() <= latest:
            for entry in map(json.loads, trail.read_text().splitlines()):
                if entry["window"] == window and entry["action"] in ("close", "close_failed"):
                    _demand(entry["action"] == "close", f"it does not close: {entry['result']}")
                    _demand(entry["user"] == "keeper", f"it was closed by {entry['user']}")
                    return entry
            time.sleep(0.2)
        raise StepFailed(f"the window is still open {_LATEST:.0f} s after its deadline")

    def _predict(self) -> _Predicted:
        self._step("`mxverdict check` predicts the tester's next report")
        start = time.monotonic()
        done = self._run("check")
        _demand(done.returncode in (0, 1), f"exit status {done.returncode}: {done.stderr.strip()}")
        found = json.loads(done.stdout)
        prediction = next(
            one
            for one in found["predictions"]
            if one["server_address"] == network.SERVER_IPV4 and TESTER in one["sources"]
        )
        self._done(f"{found['summary']} It took {time.monotonic() - start:.1f} s.")
        return _Predicted(done.returncode, prediction)

    def _compare(self, predicted: _Predicted, report: Report) -> None:
        self._step("That is exactly the predicted report, row by row")
        found = tuple(differences(predicted.report, report, _CLOCK))
        _demand(not found, "; ".join(found))
        self._done(f"{len(report.rows)} rows, headline and transcript")

    def _mxverdict(self, *words: object) -> Any:
        done = self._run(*words)
        _demand(done.returncode == 0, f"exit status {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def _run(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [str(self._commands.mxverdict), *map(str, words), "--json"]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )

    def _step(self, text: str) -> None:
        self._number += 1
        print(f"{self._number:2}. {text} … ", end="", flush=True)

    def _done(self, detail: str) -> None:
        print(f"ok: {detail}", flush=True)


def _summary(report: Report) -> str:
    return "; ".join([report.headline, *(row.text for row in report.rows if row.level != "ok")])


def _demand(true: bool, otherwise: str) -> None:
    if not true:
        raise StepFailed(otherwise)
