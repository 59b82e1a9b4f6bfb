"""Compares a self-check's evidence with what the product relies on. Pure: stored evidence is judged
anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from mxverdict.evidence.selfcheck import Selfcheck
from mxverdict.judge.selfcheck.builds import build_items
from mxverdict.judge.selfcheck.exim import exim_items
from mxverdict.judge.selfcheck.files import file_items
from mxverdict.judge.selfcheck.item import DIFFERS, HOLE, OK, UNKNOWN, Item
from mxverdict.judge.selfcheck.machine import machine_items
from mxverdict.judge.selfcheck.questions import Question, questions
from mxverdict.judge.selfcheck.whm import whm_items

__all__ = ["DIFFERS", "HOLE", "OK", "UNKNOWN", "Item", "Page", "Question", "judge"]


@dataclass(frozen=True)
class Page:
    """All answers of one self-check."""

    items: tuple[Item, ...]
    questions: tuple[Question, ...]

    def of(self, state: str) -> tuple[Item, ...]:
        return tuple(one for one in self.items if one.state == state)

    @property
    def exit_status(self) -> int:
        """Return 1 when an answer differs or a build has a known hole, otherwise 3 when something could not
        be checked."""
        if self.of(DIFFERS) or self.of(HOLE):
            return 1
        return 3 if self.of(UNKNOWN) else 0


def judge(evidence: Selfcheck) -> Page:
    items = [
        *exim_items(evidence),
        *file_items(evidence),
        *whm_items(evidence),
        *machine_items(evidence),
        *build_items(evidence),
    ]
    return Page(tuple(items), tuple(questions(evidence)))
