"""Work that may hang in the kernel, such as a look at a file on a dead mount, bounded in time."""

from __future__ import annotations

import threading
from typing import Callable, Generic, Optional, TypeVar

Answer = TypeVar("Answer")


class _Work(threading.Thread, Generic[Answer]):
    """A thread that the end of the process does not wait for."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.answers: list[Answer] = []
        self.error: Optional[BaseException] = None

    def run(self) -> None:
        try:
            self.answers.append(self._work())
        except BaseException as error:
            self.error = error


def in_time(seconds: float, work: Callable[[], Answer]) -> Answer:
    """Return what `work` returns and raise what it raises; TimeoutError when it takes longer than `seconds`.

    It goes on in a thread of its own then: call nothing that changes anything or holds a lock others need.
    """
    thread = _Work(work)
    thread.start()
    thread.join(seconds)
    if thread.error is not None:
        raise thread.error
    if not thread.answers:
        raise TimeoutError(f"not done within {seconds:g} s")
    return thread.answers[0]
