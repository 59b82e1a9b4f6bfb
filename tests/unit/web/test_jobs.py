"""Work that goes on after the answer."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from mxverdict.errors import OpenFailed
from mxverdict.host import Host
from mxverdict.web import jobs


def started(host: Host, work: object, name: str = "") -> str:
    job = jobs.start(host, work, name)  # type: ignore[arg-type]
    assert job is not None
    return job


def ended(host: Host, name: str) -> jobs.Job:
    jobs.wait(host, name, 10)
    job = jobs.read(host, name)
    assert job is not None
    return job


def test_done(host: Host) -> None:
    name = started(host, lambda: "It is done.")
    assert ended(host, name) == jobs.Job(name, "done", "It is done.")


def test_failed_with_advice(host: Host) -> None:
    def work() -> str:
        raise OpenFailed("no room")

    job = ended(host, started(host, work))
    assert (job.state, job.text, job.advice) == ("failed", "no room", OpenFailed.advice)


def test_a_bug_is_an_incident(host: Host) -> None:
    job = ended(host, started(host, lambda: 1 / 0))
    assert job.state == "failed"
    assert "incident" in job.text
    assert "ZeroDivisionError" in (host.state / "web.log").read_text()


def test_running_then_interrupted(host: Host, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def work() -> str:
        pid_file.write_text(str(os.getpid()))
        time.sleep(60)
        return "never"

    name = started(host, work)
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.01)
    running = jobs.read(host, name)
    assert running is not None
    assert running.state == "running"
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    job = jobs.read(host, name)
    assert job is not None
    assert job.state == "interrupted"


def test_the_work_is_cut_off_from_the_request(host: Host) -> None:
    def work() -> str:
        standard = {str(Path(f"/proc/self/fd/{number}").readlink()) for number in (0, 1, 2)}
        others = len(list(Path("/proc/self/fd").iterdir()))
        return f"{standard} {os.getsid(0) == os.getpid()} {others}"

    pipe = os.pipe()
    job = ended(host, started(host, work))
    for end in pipe:
        os.close(end)
    assert job.text.startswith("{'/dev/null'} True")
    assert int(job.text.split()[-1]) <= 5


def test_a_named_job_runs_once_at_a_time(host: Host) -> None:
    def work() -> str:
        time.sleep(0.5)
        return "once"

    assert started(host, work, "close-due") == "close-due"
    assert jobs.start(host, work, "close-due") is None
    assert ended(host, "close-due").text == "once"
    assert started(host, lambda: "x", "close-due") == "close-due"
    assert ended(host, "close-due").text == "x"


@pytest.mark.parametrize("name", ["", "nothing", "../web-secret", "a/b", "A", "x" * 41])
def test_names_that_are_no_job(host: Host, name: str) -> None:
    host.state.mkdir(parents=True)
    (host.state / "web-secret").write_text("{}")
    assert jobs.read(host, name) is None


def test_old_jobs_are_forgotten(host: Host) -> None:
    old = started(host, lambda: "old")
    ended(host, old)
    yesterday = time.time() - 90000
    os.utime(host.state / "jobs" / old, (yesterday, yesterday))
    ended(host, started(host, lambda: "new"))
    assert jobs.read(host, old) is None
