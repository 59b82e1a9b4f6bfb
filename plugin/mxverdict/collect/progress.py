"""How far a check is, as data: its parts, what of them is done, and what is found by then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mxverdict.evidence import Evidence
from mxverdict.i18n.message import Message

_In = TypeVar("_In")
_Out = TypeVar("_Out")

FULL = 1000
"""What `ProgressTotal.done` is out of."""


@dataclass(frozen=True)
class Part:
    """`weight` is about how long it takes against the others; `text` may hold `{done}` and `{total}`."""

    weight: int
    text: str


PARTS: Mapping[str, Part] = {
    "settings": Part(3, Message("reading the settings")),
    "previews": Part(6, Message("{done} of {total} pretend sessions held with this server's Exim")),
    "greeting": Part(2, Message("greeting this server")),
    "names": Part(2, Message("looking up the names of this server's addresses")),
    "outgoing": Part(2, Message("finding out from where mail leaves this server")),
    "policy": Part(4, Message("reading SPF and DMARC")),
    "zone": Part(6, Message("asking the name servers")),
    "hosts": Part(4, Message("{done} of {total} other mail hosts greeted")),
    "relay": Part(2, Message("trying whether this server relays")),
    "log": Part(1, Message("reading Exim's log")),
    "blocklists": Part(12, Message("{done} of {total} blocklists asked")),
}
"""Everything a check may consist of, in the order in which it is reported."""


class Progress:
    """Takes in how far a check is while it runs. This one hands its steps to `on_step` and ignores the rest;
    its methods are called from several threads and must be quick and raise nothing."""

    def __init__(self, on_step: Callable[[str], object] = lambda _: None) -> None:
        self._on_step = on_step

    def step(self, text: str) -> None:
        """Say in one line what begins."""
        self._on_step(text)

    def advance(self, part: str, done: int, total: int) -> None:
        """Of one of PARTS `done` of `total` things are done. Called for every part of the check before the
        first is begun; a `total` of 0 takes one back."""

    def snapshot(self, evidence: Evidence, parts: frozenset[str]) -> None:
        """What is found by now, with which of the rows' categories (`testers.row_texts.CATEGORIES`) are
        complete. All else in it means nothing yet."""

    def counted(self, part: str, total: int, work: Callable[[_In], _Out]) -> Callable[[_In], _Out]:
        """Return `work`, which does one of the `total` things of a part, so that it counts what is done."""
        lock = threading.Lock()
        done = 0
        self.advance(part, 0, max(total, 1))

        def counting(item: _In) -> _Out:
            nonlocal done
            result = work(item)
            with lock:
                done += 1
                self.advance(part, done, total)
            return result

        return counting


class ProgressTotal:
    """Adds up how far the parts are. `done` is out of FULL and never falls."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[int, int]] = {}
        self.done = 0

    def advance(self, part: str, done: int, total: int) -> None:
        self._parts[part] = (min(done, total), total)
        counted = [(PARTS[name].weight, done, total) for name, (done, total) in self._parts.items() if total]
        if counted:
            share = sum(weight * done / total for weight, done, total in counted)
            self.done = max(self.done, int(FULL * share / sum(weight for weight, _, _ in counted)))

    @property
    def text(self) -> str:
        """What the first part does that is not done; "" when nothing is left."""
        for name, part in PARTS.items():
            done, total = self._parts.get(name, (0, 0))
            if done < total:
                return part.text.format(done=done, total=total)
        return ""
