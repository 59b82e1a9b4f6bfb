"""Classifies one refusal: words that say something beat the status code, and that beats the reply code.

What no row of the table knows is `unknown`, whatever its code.
"""

from __future__ import annotations

from dataclasses import dataclass

from mxverdict.findings import Verdict
from mxverdict.refusals.normalize import normalized_reply
from mxverdict.refusals.table import ClassFacts, RefusalClass, facts, load


@dataclass(frozen=True)
class Classified:
    """The class of a refusal. `basis` says what decided: `text`, `status` (the enhanced status code), `hint`
    (words that say little), `reply` (the reply code) or `nothing`; `phrase` and `source` are the table's."""

    kind: RefusalClass
    basis: str
    phrase: str = ""
    source: str = ""

    @property
    def facts(self) -> ClassFacts:
        """Return what holds of every refusal of the class."""
        return facts(self.kind)


def classify(code: int, text: str, stage: str = "") -> Classified:
    """Return the class of a refusal with this reply code and text.

    `stage` is what was answered (`connect`, `ehlo`, `helo`, `starttls`, `mail`, `rcpt`, `data`, `message`; ""
    when that is not known). `text` may have several lines; at most `normalize.TEXT_LIMIT` characters are
    read.
    """
    table = load()
    reply = normalized_reply(text, table.names)
    steps = (("text", table.texts), ("status", table.codes), ("hint", table.hints), ("reply", table.replies))
    for basis, rows in steps:
        found = rows.first(code, reply, stage)
        if found is not None:
            return Classified(found.kind, basis, found.phrase.pattern, found.source)
    return Classified(RefusalClass.UNKNOWN, "nothing")


def refusal_verdict(kind: RefusalClass, code: int) -> Verdict:
    """Return what a refusal is worth: its cause is unclear, or it ends by waiting, or it is a problem."""
    if kind in (RefusalClass.UNKNOWN, RefusalClass.TEMPORARY):
        return Verdict.UNKNOWN
    return Verdict.ADVISORY if code < 500 and facts(kind).waiting == "yes" else Verdict.PROBLEM
