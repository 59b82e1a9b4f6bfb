"""Writes the progress and the partial results of a check to its job's handle."""

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

_INTERVAL = 0.34
"""Seconds between two lines at least: a partial result is some hundred kilobytes each time."""
_Snapshot = tuple[Evidence, frozenset[str]]


class ProgressWriter(Progress):
    """Writes within a `with`, from a thread of its own. `to_result` makes the partial result, as JSON can
    hold it, of evidence and the categories of rows that are complete in it."""

    def __init__(self, handle: JobHandle, to_result: Callable[[Evidence, frozenset[str]], object]) -> None:
        super().__init__()
        self._handle = handle
        self._to_result = to_result
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
        written = ("", 0)
        while not self._over.wait(_INTERVAL):
            self._news.wait()
            self._news.clear()
            with self._lock:
                snapshot, self._snapshot = self._snapshot, None
                line = self._text, self._tally.done
            if self._over.is_set() or (snapshot is None and line == written):
                continue
            with contextlib.suppress(OSError, TooLarge):  # the result follows, or why there is none
                if snapshot is not None:
                    self._handle.publish_partial(self._to_result(*snapshot))
                self._handle.step(line[0], line[1], FULL)
                written = line
