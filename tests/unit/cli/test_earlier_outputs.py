"""JSON outputs hold all that they held before the modules moved (October 2026), and may hold more.

The files in `earlier/` were written by the code of that time, from the same evidence, report, visits and
journal.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.cli.main import main
from mxverdict.evidence import from_json
from mxverdict.evidence.decode import decode
from mxverdict.evidence.visit import VisitLog
from mxverdict.host import Host
from mxverdict.pasted import recognise
from mxverdict.pasted.answer import answer
from mxverdict.report.log import log_json
from mxverdict.report.pasted import explanation_json
from mxverdict.services.check import judge_evidence

_EARLIER = Path(__file__).with_name("earlier")
_CORPUS = Path(__file__).parents[2] / "corpus"


def _earlier(name: str) -> Any:
    return json.loads((_EARLIER / f"{name}.json").read_text(encoding="utf-8"))


def _lacking(earlier: Any, now: Any, place: str = "") -> list[str]:
    """Where `now` does not hold what `earlier` held."""
    if isinstance(earlier, dict) and isinstance(now, dict):
        return [
            one for key, value in earlier.items() for one in _lacking(value, now.get(key), f"{place}.{key}")
        ]
    if isinstance(earlier, list) and isinstance(now, list) and len(earlier) == len(now):
        return [one for n, pair in enumerate(zip(earlier, now)) for one in _lacking(*pair, f"{place}[{n}]")]
    return [] if earlier == now and type(earlier) is type(now) else [f"{place}: {earlier!r} → {now!r}"]


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("MXVERDICT_ROOT", str(tmp_path))

    def run(*words: str) -> Any:
        main(list(words))
        return json.loads(capsys.readouterr().out)

    return run


def test_judge(printed: Callable[..., Any]) -> None:
    assert _lacking(_earlier("judge"), printed("judge", "--json", str(_EARLIER / "evidence.json"))) == []


def test_report(printed: Callable[..., Any]) -> None:
    now = printed("report", "--json", "--evidence", str(_EARLIER / "evidence.json"))
    assert _lacking(_earlier("report"), now) == []


def test_explain() -> None:
    evidence = from_json(_earlier("evidence"))
    text = (_CORPUS / "smtp_page_2026.txt").read_text(encoding="utf-8")
    explained = answer(recognise(text), judge_evidence(evidence), None, evidence.blocklists)
    assert _lacking(_earlier("explain"), json.loads(json.dumps(explanation_json(explained)))) == []


def test_log() -> None:
    visits = decode(VisitLog, _earlier("visits"), "visits")
    assert _lacking(_earlier("log"), json.loads(json.dumps(log_json(visits, testers.load().testers)))) == []


def test_window_list(printed: Callable[..., Any], tmp_path: Path) -> None:
    journal = Host(tmp_path).journal
    journal.parent.mkdir(parents=True)
    with closing(sqlite3.connect(journal)) as connection:
        connection.executescript((_EARLIER / "journal.sql").read_text(encoding="utf-8"))
    assert _lacking(_earlier("window-list"), printed("window", "list", "--json")) == []


def test_testers_list(printed: Callable[..., Any]) -> None:
    earlier, now = _earlier("testers-list"), printed("testers", "list", "--json")
    known = len(earlier["testers"])
    assert _lacking(earlier, {**now, "testers": now["testers"][:known]}) == []


def test_what_is_lacking_is_found() -> None:
    assert _lacking({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2, "c": 3}], "d": 4}) == []
    assert _lacking({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == [".a[1].b: 2 → 3"]
    assert _lacking({"a": [1]}, {"a": [1, 2]}) == [".a: [1] → [1, 2]"]
    assert _lacking({"a": 1}, {}) == [".a: 1 → None"]
