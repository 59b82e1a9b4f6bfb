"""What is predicted for a test window is what is predicted, and what the tester prints, while one is open."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pytest

from mxverdict import testers
from mxverdict.evidence import Evidence, from_json
from mxverdict.findings import Prediction
from mxverdict.judge.engine import predict
from mxverdict.judge.what_if import matching_prediction, predict_exempt
from tests.integration.windows import Windows
from tests.sandbox.box import Sandbox
from tests.sandbox.comparison import differences

pytestmark = pytest.mark.exim

_GATHER = """
import json
from mxverdict import testers
from mxverdict.collect.collector import collect_evidence
from mxverdict.evidence import to_json
from mxverdict.host import Host
from mxverdict.whm.api import LocalWhmApi
host = Host.from_environment()
print(json.dumps(to_json(collect_evidence(host, LocalWhmApi(host), testers.load().testers))))
"""
_VOLATILE = re.compile(r"\d+\.\d+ seconds|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} [+-]\d{4}")
TESTERS = testers.load().testers
MXTOOLBOX = testers.load().tester("mxtoolbox")


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    """Delays that every tester notices, one word of the server that is really wrong, and one that is not."""
    with Sandbox(connect_delay=40, rcpt_delay=40, records={("203.0.113.10", "PTR"): ("localhost",)}) as box:
        yield Windows(box)


def gathered(windows: Windows) -> Evidence:
    trust = {"SSL_CERT_FILE": str(windows.box.authority.certificate)}
    done = windows.box.run([sys.executable, "-c", _GATHER], env=trust, check=True)
    return from_json(json.loads(done.stdout))


def told(prediction: Prediction) -> object:
    """All that is predicted, without times of day and fractions of seconds."""
    rows = [
        (f.row.name, f.row.level, _VOLATILE.sub("*", f.row.text), f.verdict.value, f.todo)
        for f in prediction.findings
    ]
    ended = prediction.session.ended, [stage.name for stage in prediction.session.stages]
    return prediction.server_address, _VOLATILE.sub("*", prediction.headline), ended, rows


def same(expected: Sequence[Prediction], found: Sequence[Prediction]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert told(one) == told(other)
    assert [set(one.sources) for one in found] == [set(one.sources) for one in expected]


@pytest.mark.parametrize(
    ("kind", "about"), [("whitelist", (MXTOOLBOX,)), ("delay_off", TESTERS)], ids=["whitelist", "delay_off"]
)
def test_what_is_predicted_for_a_window_is_what_it_brings(
    windows: Windows, kind: str, about: tuple[testers.Tester, ...]
) -> None:
    before = gathered(windows)
    expected = predict_exempt(before, about)
    opened = windows.open(kind, minutes=30)
    try:
        during = gathered(windows)
        same(predict(during, about), expected)
        same(predict_exempt(during, about), expected)
        if kind == "whitelist":
            (now,) = [one for one in predict(before, about) if one.server_address == "203.0.113.10"]
            prediction = matching_prediction(now, expected)
            assert prediction is not None
            levels = {row.name: row.level for row in prediction.rows}
            assert levels["SMTP TLS"] == "ok"
            assert levels["SMTP Valid Hostname"] == "warning"
            guess = {
                "headline": prediction.headline,
                "transcript": prediction.transcript,
                "rows": [asdict(row) for row in prediction.rows],
            }
            real = windows.box.visit(patience=MXTOOLBOX.patience)
            assert tuple(differences(guess, real, tolerance=1.0)) == ()
    finally:
        windows.close(opened["id"])
    same(predict(gathered(windows), about), predict(before, about))
