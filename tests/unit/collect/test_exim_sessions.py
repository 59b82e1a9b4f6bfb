"""How many simulated sessions run at once, how long each may take, and which of them answer several jobs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mxverdict.collect import exim_preview as previews
from mxverdict.collect import exim_sessions
from mxverdict.collect.exim_sessions import Job, NoTimeLeft, Pace, beginning, representatives
from mxverdict.evidence import Preview, PreviewStage, Reply
from mxverdict.host import Host

EHLO, MAIL = ("ehlo", "EHLO tester.example"), ("mail", "MAIL FROM:<>")
WHOLE: Job = ("192.0.2.1", "203.0.113.10", (EHLO, MAIL))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def took(pace: Pace, clock: Clock, seconds: float, *, answered: bool = True) -> float:
    """Hold one session of so many seconds; answers the time it was allowed."""
    with pace.session() as turn:
        clock.now += seconds
        turn.answered = answered
    return turn.timeout


def test_the_first_session_has_the_time_that_a_slow_perl_needs_and_the_next_what_that_showed() -> None:
    clock = Clock()
    pace = Pace(1, 30.0, clock)
    assert took(pace, clock, 4.0) == 30.0
    assert took(pace, clock, 0.1) == 40.0
    assert took(pace, clock, 100.0) == 40.0
    assert took(pace, clock, 0.1) == 120.0


def test_quick_sessions_keep_the_usual_time() -> None:
    clock = Clock()
    pace = Pace(1, 30.0, clock)
    took(pace, clock, 0.02)
    assert took(pace, clock, 0.02) == previews.TIMEOUT


def test_after_a_time_out_nobody_waits_so_long_again() -> None:
    clock = Clock()
    pace = Pace(1, 30.0, clock)
    assert took(pace, clock, 30.0, answered=False) == 30.0
    assert took(pace, clock, 0.1) == previews.TIMEOUT


def test_what_runs_beside_a_session_is_allowed_for() -> None:
    clock = Clock()
    pace = Pace(1, 30.0, clock)
    took(pace, clock, 2.0)
    with pace.session() as first:
        clock.now += 7.0
        with pace.session() as second:
            pass
    assert (first.timeout, second.timeout) == (20.0, 40.0)


def test_no_more_than_the_cores_run_at_once() -> None:
    pace = Pace(2)
    lock, running, most = threading.Lock(), 0, 0

    def hold(_: int) -> None:
        nonlocal running, most
        with pace.session():
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.01)
            with lock:
                running -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(hold, range(24)))
    assert most == 2


def test_a_session_that_waits_for_a_name_server_holds_no_core() -> None:
    pace = Pace(1)
    answered = threading.Event()

    def wait() -> None:
        with pace.session():
            answered.wait(30)

    waiting = threading.Thread(target=wait)
    waiting.start()
    with pace.session():
        assert waiting.is_alive()
    answered.set()
    waiting.join()


def test_a_session_whose_turn_comes_too_late_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "preview", lambda *_, **__: pytest.fail("it was held"))
    with pytest.raises(NoTimeLeft):
        exim_sessions.EximSessions(Host(tmp_path)).play(*WHOLE, deadline=time.monotonic())


def test_a_shorter_session_from_the_same_address_is_answered_by_the_longer() -> None:
    greeting: Job = (*WHOLE[:2], ())
    other_name: Job = (*WHOLE[:2], (("ehlo", "EHLO other.example"),))
    elsewhere: Job = ("192.0.2.2", WHOLE[1], ())
    on_another: Job = (WHOLE[0], "203.0.113.11", (EHLO,))
    jobs = (greeting, WHOLE, other_name, elsewhere, on_another)
    assert representatives(jobs) == {**{job: job for job in jobs}, greeting: WHOLE}


def preview_of(job: Job, *codes: int, failure: str = "") -> Preview:
    names = ("connect", "ehlo", "mail")
    stages = tuple(PreviewStage(name, "", Reply(code, ()), 0, 0.0) for name, code in zip(names, codes))
    return Preview(*job[:2], tuple(command for _, command in job[2]), stages, failure)


@pytest.mark.parametrize(("codes", "begun"), [((220, 250, 550), (220, 250)), ((220, 550), (220, 550))])
def test_the_beginning_of_a_session(codes: tuple[int, ...], begun: tuple[int, ...]) -> None:
    shorter: Job = (*WHOLE[:2], (EHLO,))
    assert beginning(preview_of(WHOLE, *codes), (EHLO,)) == preview_of(shorter, *begun)


@pytest.mark.parametrize(("failure", "held"), [("", 1), ("not_understood", 2), ("broken", 2)])
def test_a_session_that_failed_answers_no_other(
    failure: str, held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[Job] = []

    def play(_: Host, *job: Any, **__: object) -> Preview:
        played.append(job)
        codes = (220, 250) if job[2] == (EHLO,) else (220, 250, 250)
        return preview_of(job, *codes, failure=failure if job == WHOLE else "")

    monkeypatch.setattr(previews, "preview", play)
    shorter: Job = (*WHOLE[:2], (EHLO,))
    answers = exim_sessions.EximSessions(Host(tmp_path)).play_all([shorter, WHOLE])
    assert answers == {
        shorter: preview_of(shorter, 220, 250),
        WHOLE: preview_of(WHOLE, 220, 250, 250, failure=failure),
    }
    assert len(played) == held
