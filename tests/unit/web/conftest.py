from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mxverdict.evidence import Evidence
from mxverdict.findings import Report
from mxverdict.host import Host
from tests.unit.evidence_maker import evidence

Checked = tuple[Evidence, Report]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[Host], Checked]]:
    """What a check answers: the last entry is called; it may raise."""
    from mxverdict import check

    said = evidence()
    answers: list[Callable[[Host], Checked]] = [lambda host: (said, check.again(said))]

    def run(host: Host) -> Checked:
        return answers[-1](host)

    monkeypatch.setattr("mxverdict.check.run", run)
    return answers
