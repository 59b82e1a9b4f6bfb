"""Compares what MX Verdict predicts with what the stand-in tester really reports about the same sandbox."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from tests.sandbox.box import Sandbox
from tests.sandbox.comparison import differences
from tests.sandbox.tester_report import Report

PATIENCE, WARN, BAD = 1.5, 0.5, 0.8
"""Exim delays by whole seconds, so time is scaled ten to one: 1.5 s of patience against 0 to 3 s of delay."""
SOURCE = "18.209.86.113"

PREDICT = """
import dataclasses, json, sys
from mxverdict import testers
from mxverdict.collect.collector import collect_evidence
from mxverdict.host import Host
from mxverdict.judge.engine import judge
from mxverdict.whm.api import LocalWhmApi
patience, warn, bad, source, server, ehlo = json.loads(sys.argv[1])
known = testers.load().tester("mxtoolbox")
addresses = tuple(a._replace(name=ehlo or a.name) for a in known.addresses if a.network == source)
tester = known._replace(patience=patience, warn_seconds=warn, bad_seconds=bad, addresses=addresses)
host = Host.from_environment()
evidence = collect_evidence(host, LocalWhmApi(host), [tester], [server])
(prediction,) = judge(evidence, [tester], ()).predictions
rows = [dataclasses.asdict(row) for row in prediction.rows]
verdicts = {f.row.name: f.verdict.value for f in prediction.findings}
print(json.dumps({"headline": prediction.headline, "rows": rows, "transcript": prediction.transcript,
                  "verdicts": verdicts}))
"""


@dataclass(frozen=True)
class Comparison:
    """Differences are empty when the prediction was right; `verdicts` by row name."""

    differences: tuple[str, ...]
    verdicts: dict[str, str]
    real: Report


def predict(
    box: Sandbox, *, patience: float, warn: float, bad: float, source: str, server: str, ehlo: str = ""
) -> Any:
    values = json.dumps([patience, warn, bad, source, server, ehlo])
    trust = {"SSL_CERT_FILE": str(box.authority.certificate)}
    done = box.run([sys.executable, "-c", PREDICT, values], env=trust, timeout=300, check=True)
    return json.loads(done.stdout)


def compare(
    box: Sandbox,
    *,
    patience: float = PATIENCE,
    warn: float = WARN,
    bad: float = BAD,
    source: str = SOURCE,
    server: str = "203.0.113.10",
    ehlo: str = "",
    tolerance: float = 0.4,
) -> Comparison:
    """Predict first, then visit. `tolerance` is the clock's, in seconds; `ehlo` "" is the usual name."""
    predicted = predict(box, patience=patience, warn=warn, bad=bad, source=source, server=server, ehlo=ehlo)
    named = {"ehlo": ehlo} if ehlo else {}
    real = box.visit(source=source, server=server, patience=patience, warn=warn, bad=bad, **named)
    return Comparison(tuple(differences(predicted, real, tolerance)), predicted["verdicts"], real)
