"""Holds simulated sessions (`exim -bh`): as many at once as the machine has cores, with time for a slow Perl.

On cPanel a session that makes Exim load its Perl costs a core about 150 ms; one that does not, about 10 ms
(docs/facts/whm.md 1.6). A session that waits for a name server costs nothing: one that lasts much longer than
the others no longer holds a core.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Optional

from mxverdict.collect import exim_preview as previews
from mxverdict.collect.exim_perl import late_before_mail, late_perl
from mxverdict.collect.progress import Progress
from mxverdict.evidence import Preview
from mxverdict.host import Host

Job = tuple[str, str, tuple[tuple[str, str], ...]]
"""Source address, local address and the commands as (stage name, command)."""

MAX_SESSIONS = 16
"""Sessions at once, those that wait for something else included."""
UNMEASURED_TIMEOUT = 30.0
"""Seconds for a session before any has ended, where Exim has a Perl to load."""
_TIMEOUT_FACTOR = 10
_MAX_TIMEOUT = 120.0
_MIN_WAITING = 1.0
_WAITING_FACTOR = 3


class Pace:
    """How many sessions run at once, and how long one may take, by what those before took.

    `clock` gives seconds.
    """

    def __init__(
        self, cores: int, unmeasured: float = previews.TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cores, self._unmeasured, self._clock = cores, unmeasured, clock
        self._changed = threading.Condition()
        self._begun: dict[object, float] = {}
        self._slowest = 0.0
        self._timed_out = False

    @contextmanager
    def session(self) -> Iterator[Turn]:
        """Wait for a core, then hold it; hands out the time the session may take."""
        turn = Turn()
        with self._changed:
            while (wait := self._wait()) > 0:
                self._changed.wait(wait)
            self._begun[turn] = self._clock()
            turn.share = max(1.0, len(self._begun) / self._cores)
            turn.timeout = self._timeout(turn.share)
        try:
            yield turn
        finally:
            with self._changed:
                took = self._clock() - self._begun.pop(turn)
                if turn.answered:
                    self._slowest = max(self._slowest, took / turn.share)
                else:
                    self._timed_out = True
                self._changed.notify()

    def _wait(self) -> float:
        """Seconds until there may be room for another session; 0: there is."""
        if len(self._begun) >= MAX_SESSIONS:
            return _MIN_WAITING
        now = self._clock()
        ages = max(_MIN_WAITING, _WAITING_FACTOR * self._slowest)
        working = [begun for begun in self._begun.values() if now - begun < ages]
        return min(working) + ages - now if len(working) >= self._cores else 0.0

    def _timeout(self, share: float) -> float:
        if not self._slowest and not self._timed_out:
            return self._unmeasured
        return min(_MAX_TIMEOUT, max(previews.TIMEOUT, _TIMEOUT_FACTOR * self._slowest * share))


class Turn:
    """What one session may take, in seconds, and whether it was `answered` within that."""

    timeout = previews.TIMEOUT
    share = 1.0
    answered = True


class NoTimeLeft(Exception):
    """The deadline passed before a session's turn came."""


class EximSessions:
    """The simulated sessions of one check."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._delay_lines = tuple(previews.delay_stanzas(host.exim_conf) or ())
        self._before_mail = late_before_mail(host.exim_conf)
        unmeasured = UNMEASURED_TIMEOUT if late_perl(host.exim_conf) else previews.TIMEOUT
        self._pace = Pace(len(os.sched_getaffinity(0)), unmeasured)

    @contextmanager
    def turn(self, deadline: float = math.inf) -> Iterator[Turn]:
        """Wait until Exim may be started; hands out what it may take, at most until `deadline` (a value of
        `time.monotonic()`). Raises NoTimeLeft."""
        with self._pace.session() as turn:
            turn.timeout = min(turn.timeout, deadline - time.monotonic())
            if turn.timeout <= 0:
                turn.answered = False
                raise NoTimeLeft
            yield turn

    def play(
        self,
        source: str,
        local_address: str,
        commands: Sequence[tuple[str, str]],
        deadline: float = math.inf,
    ) -> Preview:
        """One session; see `exim_preview.preview`. Raises NoTimeLeft."""
        before_mail = all(name == "ehlo" for name, _ in commands)
        with self.turn(deadline) as turn:
            answer = previews.preview(
                self.host,
                source,
                local_address,
                commands,
                delay_lines=self._delay_lines,
                timeout=turn.timeout,
                options=self._before_mail if before_mail else (),
            )
            turn.answered = answer.failure != "timeout"
        return answer

    def play_all(self, jobs: Iterable[Job], progress: Optional[Progress] = None) -> dict[Job, Preview]:
        """Hold the sessions of several jobs, as few as answer them all. `progress` counts the previews."""
        answers: dict[Job, Preview] = {}
        chosen = representatives(tuple(jobs))

        def play(job: Job) -> None:
            answers[job] = self.play(*job)

        needed = tuple(dict.fromkeys(chosen.values()))
        counted = (progress or Progress()).counted("previews", len(needed), play)
        with ThreadPoolExecutor(MAX_SESSIONS) as pool:
            list(pool.map(counted, needed))
            list(pool.map(play, [job for job, one in chosen.items() if job != one and answers[one].failure]))
        return {job: answers.get(job) or beginning(answers[one], job[2]) for job, one in chosen.items()}


def representatives(jobs: Sequence[Job]) -> dict[Job, Job]:
    """For each job the one whose session also answers it: the longest from the same address to the same
    address that begins with the same commands.

    Exim has read nothing beyond a command when it replies to it (`preview` sends the next one after the
    reply), so what it does up to there cannot depend on what follows: equal for every configuration. A
    session that failed answers none but its own, for it may have failed later than the shorter one ends.
    """
    by_length = sorted(dict.fromkeys(jobs), key=lambda job: -len(job[2]))
    return {
        job: next(one for one in by_length if one[:2] == job[:2] and one[2][: len(job[2])] == job[2])
        for job in jobs
    }


def beginning(full: Preview, commands: Sequence[tuple[str, str]]) -> Preview:
    """What `full`, which has no failure, holds of the session that ends after `commands`, its first ones.
    `raw` stays that of the full session."""
    script = tuple(command for _, command in commands)
    return replace(full, commands=script, stages=full.stages[: len(commands) + 1])
