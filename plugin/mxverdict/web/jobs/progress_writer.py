"""Writes on a job's desk how far a check is and what it has found so far."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Optional

from mxverdict.collect.progress import FULL, Progress, ProgressTotal
from mxverdict.evidence import Evidence
from mxverdict.evidence.bounded_json import TooLarge
from mxverdict.web.jobs.queue import JobHandle

_EVERY = 0.34
"""Seconds between two lines at least: what is found so far is some hundred kilobytes each time."""
_Snapshot = tuple[Evidence, frozenset[str]]


class ProgressWriter(Progress):
    """Does so within a `with`, from a thread of its own. `shown` makes what is shown of evidence and the
    categories of rows that are complete in it, as JSON can hold it."""

    def __init__(self, desk: JobHandle, shown: Callable[[Evidence, frozenset[str]], object]) -> None:
        super().__init__()
        self._desk = desk
        self._shown = shown
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._over = threading.Event()
        self._tally = ProgressTotal()
        self._text = ""
        self._snapshot: Optional[_Snapshot] = None
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> ProgressWriter:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()

    def step(self, text: str) -> None:
        with self._lock:
            self._text = self._tally.text or text
        self._news.set()

    def advance(self, part: str, done: int, total: int) -> None:
        with self._lock:
            self._tally.advance(part, done, total)
            self._text = self._tally.text or self._text
        self._news.set()

    def snapshot(self, evidence: Evidence, parts: frozenset[str]) -> None:
        with self._lock:
            self._snapshot = evidence, parts
        self._news.set()

    def _write(self) -> None:
        told = ("", 0)
        while not self._over.wait(_EVERY):
            self._news.wait()
            self._news.clear()
            with self._lock:
                snapshot, self._snapshot = self._snapshot, None
                line = self._text, self._tally.done
            if self._over.is_set() or (snapshot is None and line == told):
                continue
            with contextlib.suppress(OSError, TooLarge):  # the result tells, or why there is none
                if snapshot is not None:
                    self._desk.show(self._shown(*snapshot))
                self._desk.step(line[0], line[1], FULL)
                told = line
