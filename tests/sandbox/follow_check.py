"""Starts the check of a domain as the page's form does, and prints what its page could show at each moment:
`python -m tests.sandbox.follow_check DOMAIN`. One JSON object a line, the last one about the result."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from types import SimpleNamespace
from typing import cast

from mxverdict.audit.actor import Actor
from mxverdict.evidence.audience import Audience
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks

_EVERYBODY = SimpleNamespace(
    user="root", is_root=True, owns=lambda target: True, audience=Audience.ROOT, actor=Actor("root", "web")
)
_TICK = 0.02


def main(domain: str) -> None:
    host = Host.from_environment()
    vars(checks).update(PATIENCE=0.0)
    checks.start_domain(host, cast(Visitor, _EVERYBODY), {"domain": domain})
    name = checks.domain_job(domain)
    before = None
    while (job := queue.read(host, name)) and job.state == "running":
        if job != before:
            found = checks.partial(host, name, Audience.ROOT)
            told = {"complete": sorted(found.complete), "rows": _rows(found.report)} if found else {}
            print(json.dumps({"done": job.done, "total": job.total, "text": job.text, **told}), flush=True)
        before = job
        time.sleep(_TICK)
    assert job is not None
    last = checks.stored(queue.result(host, name), Audience.ROOT)
    print(json.dumps({"state": job.state, "text": job.text, "rows": _rows(last.report) if last else {}}))


def _rows(report: Report) -> dict[str, int]:
    """How many rows of each category there are about domains."""
    return dict(Counter(finding.row.category for domain in report.domains for finding in domain.findings))


if __name__ == "__main__":
    main(sys.argv[1])
