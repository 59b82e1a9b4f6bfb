"""A preview leaves no trace: no log line, no database change, no count against the tester."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

HUNDRED_PREVIEWS = """
from concurrent.futures import ThreadPoolExecutor
from mxverdict import testers
from mxverdict.collect.preview import preview
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
