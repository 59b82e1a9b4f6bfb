"""What CONTRIBUTING.md promises: a new tester is data alone, a new check two functions."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mxverdict.collect import evidence_builder
from mxverdict.collect.evidence_builder import EvidenceBuilder
from mxverdict.collect.progress import PARTS, Part, Progress
from mxverdict.evidence import Evidence
from mxverdict.findings import Finding, Row, Verdict
from mxverdict.host import Host
from mxverdict.judge import engine
from mxverdict.judge.engine import judge
from mxverdict.report.html import report_html
from mxverdict.report.json import report_json
from mxverdict.report.plain_text import report_text
from mxverdict.rules import RULES, Rule
from mxverdict.testers import CATALOGUE, UNKNOWN_HOSTS, load
from tests.output_schema import validator
from tests.unit.evidence_maker import MXTOOLBOX, evidence, preview

TESTER = {
    "name": "newcomer",
    "title": "Newcomer",
    "patience": 12.0,
    "patience_source": "its documentation",
    "report": "starttls",
    "ehlo": "newcomer.example",
    "row": "Encryption",
    "ok_text": "encrypted",
    "timeout_text": "no answer",
    "no_starttls_text": "not encrypted",
    "addresses": [],
}


@pytest.mark.parametrize(
    ("delay", "text", "verdict"), [(20, "no answer", "false_positive"), (0, "encrypted", "ok")]
)
def test_a_new_tester_is_data_alone(delay: int, text: str, verdict: str, tmp_path: Path) -> None:
    data = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps({**data, "testers": [*data["testers"], TESTER]}), encoding="utf-8")
    tester = load(file).tester("newcomer")
    seen = preview(connect=delay, tester=tester, address=UNKNOWN_HOSTS[4])
    report = judge(evidence(previews=(seen,)), (tester,), ())
    (finding,) = report.predictions[0].findings
    assert (finding.id, finding.row.text, finding.verdict.value) == ("smtp.starttls", text, verdict)
    assert report.summary.startswith("Newcomer will report")
    assert "Newcomer" in report_text(report)
    assert validator("judge").is_valid({**report_json(report)})


def read_open_files(host: Host) -> int:
    """The first function: reads, and has no opinion."""
    return int((host.root / "proc/sys/fs/file-max").read_text())


def judge_open_files(found: Evidence) -> tuple[Finding, ...]:
    """The second: judges, and reads nothing."""
    most: Any = getattr(found, "open_files", None)
    if most is None:
        return ()
    row = Row("server.files", "Open files", "warning", f"{most} at most")
    return (Finding(row, Verdict.ADVISORY, "Exim may run out of files."),)


def test_a_new_check_is_two_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    field = ("open_files", int, dataclasses.field(default=0))
    extended = dataclasses.make_dataclass("Extended", [field], bases=(Evidence,), frozen=True)
    monkeypatch.setitem(RULES, "server.files", Rule("Open files", "Exim can open files.", "proc(5)"))
    monkeypatch.setattr(engine, "SERVER_CHECKS", (*engine.SERVER_CHECKS, judge_open_files))
    monkeypatch.setitem(evidence_builder._FIELDS, "files", "open_files")
    monkeypatch.setitem(PARTS, "files", Part(1, "reading"))
    (tmp_path / "proc/sys/fs").mkdir(parents=True)
    (tmp_path / "proc/sys/fs/file-max").write_text("7\n")

    known = extended(**{f.name: getattr(evidence(), f.name) for f in dataclasses.fields(Evidence)})
    builder = EvidenceBuilder(known, {"files"}, Progress(), lambda found: found)
    builder.add("files", read_open_files(Host(tmp_path)))
    report = judge(builder.evidence(), (MXTOOLBOX,), ())

    (finding,) = (finding for finding in report.server if finding.id == "server.files")
    assert finding.row.text == "7 at most"
    data = report_json(report)
    assert validator("judge").is_valid(data)
    assert [one["verdict"].value for one in data["server"] if one["id"] == "server.files"] == ["advisory"]
    assert "Open files" in report_text(report)
    assert "Open files" in report_html(report)
