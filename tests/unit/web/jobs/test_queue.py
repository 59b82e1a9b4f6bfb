"""Work that goes on after the answer."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mxverdict.errors import WindowOpenError
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import JobState


def started(host: Host, work: object, name: str = "") -> str:
    job = queue.start(host, work, name)  # type: ignore[arg-type]
    assert job is not None
    return job


def ended(host: Host, name: str) -> queue.Job:
    queue.wait(host, name, 10)
    job = queue.read(host, name)
    assert job is not None
    return job


def test_done(host: Host) -> None:
    name = started(host, lambda: "It is done.")
    assert ended(host, name) == queue.Job(name, JobState.DONE, "It is done.")


def test_failed_with_a_hint(host: Host) -> None:
    def work() -> str:
        raise WindowOpenError("no room")

    job = ended(host, started(host, work))
    assert (job.state, job.text, job.hint) == ("failed", "no room", WindowOpenError.hint)


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
    running = queue.read(host, name)
    assert running is not None
    assert running.state == "running"
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    job = queue.read(host, name)
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
    assert queue.start(host, work, "close-due") is None
    assert ended(host, "close-due").text == "once"
    assert started(host, lambda: "x", "close-due") == "close-due"
    assert ended(host, "close-due").text == "x"


@pytest.mark.parametrize("name", ["", "nothing", "../web-secret", "a/b", "A", "x" * 41])
def test_names_that_are_no_job(host: Host, name: str) -> None:
    host.state.mkdir(parents=True)
    (host.state / "web-secret").write_text("{}")
    assert queue.read(host, name) is None


def test_old_jobs_are_forgotten(host: Host) -> None:
    old = started(host, lambda: "old")
    ended(host, old)
    give_up = time.monotonic() + 10
    while queue._is_running(host.state / "jobs" / old):  # its process ends a moment after its last line
        assert time.monotonic() < give_up
        time.sleep(0.01)
    yesterday = time.time() - 90000
    os.utime(host.state / "jobs" / old, (yesterday, yesterday))
    ended(host, started(host, lambda: "new"))
    assert queue.read(host, old) is None


def kept(host: Host, result: object, name: str = "domain-1", title: str = "shop.example") -> queue.Job:
    def work(handle: queue.JobHandle) -> str:
        handle.save_result(result)
        return "It is checked."

    assert queue.start_with_handle(host, work, name, title) == name
    return ended(host, name)


def test_a_result_lies_beside_the_job_for_root_alone(host: Host) -> None:
    job = kept(host, {"found": ["é", 1]})
    assert job == queue.Job("domain-1", JobState.DONE, "It is checked.", title="shop.example")
    assert queue.result(host, "domain-1") == {"found": ["é", 1]}
    files = {path.name: path.stat().st_mode & 0o777 for path in (host.state / "jobs").iterdir()}
    assert files == {"domain-1": 0o600, "domain-1.json": 0o600}


def test_a_new_result_replaces_the_old_one_and_a_failure_leaves_it(host: Host) -> None:
    kept(host, 1)
    kept(host, 2)
    assert queue.result(host, "domain-1") == 2

    def broken(handle: queue.JobHandle) -> str:
        handle.save_result(3 + 0j)
        return "never"

    queue.start_with_handle(host, broken, "domain-1", "shop.example")
    assert ended(host, "domain-1").state == "failed"
    assert queue.result(host, "domain-1") == 2
    assert len(list((host.state / "jobs").iterdir())) == 2


def test_results_that_are_none(host: Host) -> None:
    assert queue.result(host, "domain-1") is None
    kept(host, 1)
    (host.state / "jobs/domain-1.json").write_text("{")
    (host.state / "secret.json").write_text("1")
    assert [queue.result(host, name) for name in ("domain-1", "../secret", "", "domain-1.json")] == [None] * 4


def test_old_results_are_forgotten(host: Host) -> None:
    kept(host, 1)
    yesterday = time.time() - 90000
    os.utime(host.state / "jobs/domain-1.json", (yesterday, yesterday))
    assert queue.result(host, "domain-1") is None
    ended(host, started(host, lambda: "new"))
    assert not (host.state / "jobs/domain-1.json").exists()


def test_the_last_step_is_told_while_the_work_runs(host: Host, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"

    def work(handle: queue.JobHandle) -> str:
        handle.step("one")
        handle.step("two\n" + "x" * 1000)
        while not go_on.exists():
            time.sleep(0.01)
        return "all"

    queue.start_with_handle(host, work, "domain-1", "shop.example")
    limit = time.monotonic() + 10
    while (job := queue.read(host, "domain-1")) and not job.text.startswith("two"):
        assert time.monotonic() < limit
    assert job is not None
    assert (job.state, job.title, len(job.text)) == ("running", "shop.example", 200)
    go_on.touch()
    assert ended(host, "domain-1").text == "all"


def test_a_killed_check_says_what_to_do(host: Host) -> None:
    def work(handle: queue.JobHandle) -> str:
        handle.step("one")
        os.kill(os.getpid(), signal.SIGKILL)
        return "never"

    queue.start_with_handle(host, work, "domain-1", "shop.example")
    job = ended(host, "domain-1")
    assert (job.state, job.title, job.hint) == ("interrupted", "shop.example", "Start it again.")


def test_titled_jobs_are_listed_latest_first(host: Host) -> None:
    assert queue.list_titled(host, "domain-") == []
    for number in (1, 2):
        kept(host, 1, f"domain-{number}", f"{number}.example")
    kept(host, 1, "other-1", "other")
    started(host, lambda: "x", "domain-3")
    os.utime(host.state / "jobs/domain-2", (1, 1))
    assert [job.title for job in queue.list_titled(host, "domain-")] == ["1.example", "2.example"]


def test_reading_a_job_does_not_bar_its_next_start(host: Host) -> None:
    kept(host, 1)
    with (host.state / "jobs/domain-1").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        reader = threading.Timer(0.02, fcntl.flock, (file, fcntl.LOCK_UN))
        reader.start()
        assert kept(host, 2).state == "done"
        reader.join()
    assert queue.result(host, "domain-1") == 2


def test_how_far_the_work_is_and_what_it_has_found_so_far(host: Host, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"

    def work(handle: queue.JobHandle) -> str:
        handle.step("one", 3, 10)
        handle.publish_partial(["first"])
        handle.publish_partial(["first", "second"])
        handle.step("two")
        while not go_on.exists():
            time.sleep(0.01)
        handle.save_result("all")
        return "all"

    assert queue.partial(host, "domain-1") is None
    queue.start_with_handle(host, work, "domain-1", "shop.example", "alice")
    limit = time.monotonic() + 10
    while (job := queue.read(host, "domain-1")) and job.text != "two":
        assert time.monotonic() < limit
    assert job == queue.Job(
        "domain-1", JobState.RUNNING, "two", title="shop.example", done=3, total=10, version=2, owner="alice"
    )
    assert queue.partial(host, "domain-1") == ["first", "second"]
    assert (host.state / "jobs/domain-1.part").stat().st_mode & 0o777 == 0o600
    assert queue.result(host, "domain-1") is None
    assert [one.name for one in queue.list_titled(host, "domain-")] == ["domain-1"]
    go_on.touch()
    job = ended(host, "domain-1")
    assert (job.state, job.done, job.total, job.owner) == ("done", 10, 10, "alice")
    while queue.partial(host, "domain-1") is not None:
        assert time.monotonic() < limit
    assert queue.result(host, "domain-1") == "all"


def test_a_new_start_forgets_what_a_killed_one_had_found(host: Host) -> None:
    def killed(handle: queue.JobHandle) -> str:
        handle.publish_partial("some")
        handle.step("one", 1, 2)
        os.kill(os.getpid(), signal.SIGKILL)
        return "never"

    queue.start_with_handle(host, killed, "domain-1", "shop.example", "alice")
    job = ended(host, "domain-1")
    assert (job.state, job.done, job.total, job.owner) == ("interrupted", 1, 2, "alice")
    assert queue.partial(host, "domain-1") == "some"
    queue.start_with_handle(
        host, lambda handle: str(queue.partial(host, "domain-1")), "domain-1", "shop.example"
    )
    assert ended(host, "domain-1").text == "None"


def test_lines_of_an_earlier_version_are_read(host: Host) -> None:
    kept(host, 1)
    line = '{"state": "done", "text": "It is checked.", "title": "shop.example"}\n'
    (host.state / "jobs/domain-1").write_text(line)
    assert queue.read(host, "domain-1") == queue.Job(
        "domain-1", JobState.DONE, "It is checked.", title="shop.example"
    )


@pytest.mark.parametrize("name", ["", "../secret", "domain-1.part", "A"])
def test_what_is_found_so_far_of_names_that_are_no_job(host: Host, name: str) -> None:
    kept(host, 1)
    (host.state / "secret.part").write_text("1")
    (host.state / "jobs/.part").write_text("1")
    assert queue.partial(host, name) is None


def test_a_job_speaks_english_whoever_started_it(host: Host) -> None:
    catalog.activate("de")
    try:
        name = started(host, catalog.current_tag)
    finally:
        catalog.activate("en")
    assert ended(host, name).text == "en"


def test_a_clock_put_forward_forgets_nothing_that_runs(host: Host, tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"

    def work() -> str:
        while not go_on.exists():
            time.sleep(0.01)
        return "done"

    over = started(host, lambda: "done")
    ended(host, over)
    running = started(host, work, "close-due")
    for name in (over, running):
        os.utime(host.state / "jobs" / name, (1.0, 1.0))
    try:
        assert queue.start(host, work, "close-due") is None
        for _ in range(500):  # until the process that did it is gone
            if queue.read(host, over) is None:
                break
            time.sleep(0.02)
        assert queue.read(host, over) is None
    finally:
        go_on.touch()
    assert ended(host, running).text == "done"
