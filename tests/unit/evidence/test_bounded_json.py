"""What is kept of a check is JSON of bounded size; what is larger is neither written nor read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mxverdict.cli.common import load_saved_check
from mxverdict.errors import UsageError
from mxverdict.evidence import Evidence, to_json
from mxverdict.evidence.bounded_json import BYTES_LIMIT, TooLarge, bounded_json
from mxverdict.host import Host
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks
from tests.unit.evidence_maker import evidence


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        {"a": [], "b": {}, "c": None},
        {"evidence": {"domains": [{"name": "é\ud800", "n": [1, 2.5, True]}, {"name": "x"}], "taken_at": 1}},
        [[], [[1, [2, [3, [4]]]]]],
        "text",
    ],
)
def test_it_is_the_json_that_it_would_be(data: Any) -> None:
    assert json.loads(bounded_json(data)) == data
    assert bounded_json(data) == json.dumps(data).encode()


def test_evidence_goes_through_it() -> None:
    assert json.loads(bounded_json(to_json(evidence()))) == json.loads(json.dumps(to_json(evidence())))


def test_what_is_larger_is_refused_before_it_is_all_in_memory() -> None:
    class Endless(dict[str, Any]):
        def items(self) -> Any:
            return ((str(number), "x" * 1_000_000) for number in range(10**9))

    with pytest.raises(TooLarge, match="larger than 5 MB"):
        bounded_json({"evidence": Endless(a=1)})


def large() -> Evidence:
    return dataclasses.replace(evidence(), remarks=("x" * 500_000,) * 11)


def test_a_larger_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(to_json(large())))
    with pytest.raises(UsageError) as refused:
        load_saved_check(path, [])
    assert str(refused.value) == f"{path} is larger than 5 MB"


def test_a_job_that_found_more_fails_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    host = Host(tmp_path)

    def work(handle: queue.JobHandle) -> str:
        handle.save_result({"evidence": to_json(large())})
        return "done"

    name = queue.start_with_handle(host, work, checks.domain_job("shop.example"), "shop.example")
    assert name is not None
    queue.wait(host, name, 30)
    job = queue.read(host, name)
    assert job is not None
    assert (job.state, job.text) == ("failed", "what was found is larger than 5 MB and was not kept")
    assert job.hint == "Check fewer domains at once."
    assert queue.result(host, name) is None


def test_a_larger_result_is_not_read(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (host.state / "jobs").mkdir(parents=True)
    path = host.state / "jobs/some.json"
    path.write_bytes(b"[" + b" " * BYTES_LIMIT + b"]")
    assert queue.result(host, "some") is None
    path.write_bytes(b"[" + b" " * (BYTES_LIMIT - 2) + b"]")
    assert queue.result(host, "some") == []


def test_of_a_long_file_of_steps_the_last_line_counts(tmp_path: Path) -> None:
    host = Host(tmp_path)

    def work(handle: queue.JobHandle) -> str:
        for number in range(2000):
            handle.step(f"step {number} \N{SNOWMAN}" * 20, number, 2000)
        return "done"

    name = queue.start_with_handle(host, work, "some", "shop.example")
    assert name is not None
    queue.wait(host, name, 30)
    job = queue.read(host, name)
    assert job is not None
    assert (job.state, job.text, job.title) == ("done", "done", "shop.example")
