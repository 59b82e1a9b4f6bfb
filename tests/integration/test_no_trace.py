"""A preview leaves no trace: no log line, no database change, no count against the tester."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

HUNDRED_PREVIEWS = """
from concurrent.futures import ThreadPoolExecutor
from mxverdict import testers
from mxverdict.collect.exim_preview import preview
from mxverdict.host import Host
host = Host.from_environment()
tester = testers.load().tester("mxtoolbox")
source = "18.209.86.113"
with ThreadPoolExecutor(4) as pool:
    jobs = [pool.submit(preview, host, source, "203.0.113.10", tester.commands(source)) for _ in range(100)]
    done = [job.result() for job in jobs]
assert len(done) == 100
assert {one.failure for one in done} == {""}
assert {one.stages[-1].reply.code for one in done} == {550}
"""

ONE_PREVIEW = """
import json
from mxverdict import testers
from mxverdict.collect.exim_preview import preview
from mxverdict.host import Host
source = "18.209.86.113"
commands = testers.load().tester("mxtoolbox").commands(source)
print(json.dumps(preview(Host.from_environment(), source, "203.0.113.10", commands).counted))
"""


def every_finding(told: Any) -> Iterator[dict[str, Any]]:
    """The findings anywhere in a report's JSON."""
    if isinstance(told, dict):
        if "verdict" in told and "row" in told:
            yield told
        told = list(told.values())
    if isinstance(told, list):
        for part in told:
            yield from every_finding(part)


def state(root: Path) -> dict[str, str]:
    """Digests of Exim's logs and of everything in its spool, databases included."""
    files = [*(root / "var/log").rglob("*"), *(root / "var/spool/exim").rglob("*")]
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def test_a_hundred_previews_change_nothing_and_the_next_visit_is_not_rate_limited() -> None:
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=2) as box:
        box.visit(patience=5.0)
        before = state(box.root)
        box.run([sys.executable, "-c", HUNDRED_PREVIEWS], check=True)
        assert state(box.root) == before
        assert "Failed" not in box.visit(patience=5.0).headline


def test_the_limit_is_real() -> None:
    """Without this the test above could pass on a server that never limits anybody."""
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=2) as box:
        headlines = [box.visit(patience=5.0).headline for _ in range(4)]
    assert headlines[-1] == "Failed To Connect"


def rates(found: dict[str, str]) -> dict[str, str]:
    """The part of `state` that is Exim's ratelimit database."""
    return {name: digest for name, digest in found.items() if Path(name).name.startswith("ratelimit")}


def test_where_an_acl_counts_simulated_sessions_too_it_is_found_and_said() -> None:
    """The one exception: with acl_0tracksenders Exim writes its ratelimit database, and nothing else."""
    with Sandbox(connect_delay=0, rcpt_delay=0) as box:
        box.visit(patience=5.0)
        quiet = box.run([sys.executable, "-c", ONE_PREVIEW], check=True).stdout
        options = box.root / "etc/exim.conf.localopts"
        options.write_text(options.read_text().replace("acl_0tracksenders=0", "acl_0tracksenders=1"))
        box.rebuild()
        before = state(box.root)
        said = box.run([sys.executable, "-c", ONE_PREVIEW], check=True).stdout
        after = state(box.root)
        shown = box.run(
            [sys.executable, "-m", "mxverdict.cli.main", "preview", "18.209.86.113"], check=True
        ).stdout
        checked = json.loads(
            box.run([sys.executable, "-m", "mxverdict.cli.main", "check", "203.0.113.10", "--json"]).stdout
        )
    assert json.loads(quiet) == []
    assert json.loads(said) == ["1h/per_rcpt/tracked_18.209.86.113"]
    assert rates(after) != rates(before)
    assert after.keys() == before.keys()
    assert after.items() - rates(after).items() == before.items() - rates(before).items()
    assert "counts in Exim's rate limits: 1h/per_rcpt/tracked_18.209.86.113" in shown
    (finding,) = [f for f in every_finding(checked) if f["row"]["name"] == "Simulated sessions"]
    assert finding["verdict"] == "advisory"
    assert "1h/per_rcpt/tracked_18.209.86.113" in finding["evidence"]
