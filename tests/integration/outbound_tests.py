"""Many ladders at the same time: `python -m tests.integration.outbound_tests` inside the server's namespace.

Reads `[{"domain", "recipient", "source"}, …]` from standard input, prints `{domain: what --json prints}`.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mxverdict.collect.outbound import OutboundRequest, read_outbound
from mxverdict.collect.smtp_attempt import Limits
from mxverdict.evidence.outbound import Source
from mxverdict.judge.outbound.report import judge_outbound
from mxverdict.report.outbound import outbound_json

HOSTNAME = "cp1.example.net"
PATIENCE = 3.0


def climb(asked: dict[str, str]) -> dict[str, Any]:
    started = time.monotonic()
    question = OutboundRequest(
        asked["domain"], "mail", f"postmaster@{HOSTNAME}", asked["recipient"], recipient_chosen=True
    )
    limits = Limits(started + 30, PATIENCE, frozenset())
    found = read_outbound(question, [Source(asked["source"], HOSTNAME)], HOSTNAME, limits)
    report = judge_outbound(found)
    return {**outbound_json(found, report), "took": time.monotonic() - started}


def main() -> None:
    asked = json.load(sys.stdin)
    with ThreadPoolExecutor(len(asked)) as pool:
        print(json.dumps(dict(zip([one["domain"] for one in asked], pool.map(climb, asked)))))


if __name__ == "__main__":
    main()
