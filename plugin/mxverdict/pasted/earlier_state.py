"""Reports that were made while the server answered the tester, where today it would not in time.

Such a report proves a greeting by its times, by a pass for TLS or for the banner, or by its transcript. What
it passes was really tested; what it complains of was true of the server of that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional

from mxverdict.findings import Finding, Prediction, Verdict
from mxverdict.i18n.catalog import decimal
from mxverdict.i18n.catalog import gettext as _
from mxverdict.pasted import phrase_trie
from mxverdict.pasted.model import MXTOOLBOX, PastedRow, PastedSession
from mxverdict.pasted.normalize import tokens_of
from mxverdict.pasted.phrase_trie import TEXT

_TIMES = ("smtp.connection.time", "smtp.transaction.time")
_PROOF_BY_PASS = ("smtp.starttls", "smtp.banner")
"""Rules that MXToolbox cannot pass without a greeting."""


@dataclass(frozen=True)
class Greeting:
    """A greeting that a report proves: `seconds` until it came and until the `end` of the session (None: not
    said), and the `name` that the server's address had (""; not said)."""

    seconds: Optional[float] = None
    end: Optional[float] = None
    name: str = ""


class StateOfThen(NamedTuple):
    """What a row is worth by the state that the report was made in. `outdated`: the complaint was true then
    and is not now, though the tester would repeat it for another reason."""

    verdict: Verdict
    why: str
    differences: tuple[str, ...]
    outdated: bool


def greeting_of(
    rows: Sequence[PastedRow], sessions: Sequence[PastedSession], patience: float
) -> Optional[Greeting]:
    """Return the greeting that MXToolbox's rows about one host prove; None when they prove none. `patience`
    is for how many seconds it waits for one."""
    rows = [row for row in rows if row.tester == MXTOOLBOX and row.category == "smtp"]
    if any(row.is_headline for row in rows) or any(session.gave_up for session in sessions):
        return None
    waited = next((row.seconds for row in rows if row.rule == _TIMES[0] and row.seconds), None)
    end = next((row.seconds for row in rows if row.rule == _TIMES[1] and row.seconds), None)
    greeted = any(row.rule in _PROOF_BY_PASS and row.level == "ok" for row in rows)
    greeted = greeted or waited is not None or (end is not None and end < patience)
    greeted = greeted or any(session.banner for session in sessions)
    if not greeted or (end is not None and waited is None and end >= patience):
        return None
    return Greeting(waited, end, next((name for row in rows if (name := row.value("ptr"))), ""))


def judge(
    row: PastedRow, finding: Finding, prediction: Prediction, greeting: Greeting
) -> Optional[StateOfThen]:
    """Return what `row` is worth, whose `finding` is of a session in which the tester gives up before a
    greeting; None when that session does not matter."""
    if not prediction.session.timed_out_at("connect") or finding.verdict is Verdict.PROBLEM:
        return None
    if row.rule in _TIMES:
        return _time(row, finding, prediction, greeting)
    if not row.complains:
        why = _("The server answered the tester when this report was made, so this pass was really tested.")
        return StateOfThen(Verdict.OK, why, _other_name(row, finding), False)
    if finding.verdict is not Verdict.FALSE_POSITIVE:
        return None
    today = _("Today the tester would print it again for another reason: it gives up before the greeting.")
    why = _("The server answered the tester when this report was made: it was true then. It is not now.")
    names = _names(greeting.name, _name_today(prediction.findings))
    return StateOfThen(Verdict.OK, f"{why} {finding.why}", (*names, today), True)


def _time(row: PastedRow, finding: Finding, prediction: Prediction, greeting: Greeting) -> StateOfThen:
    if not row.complains:
        why = _("The server answered the tester when this report was made, so this time was really measured.")
        return StateOfThen(Verdict.OK, why, (_other_state(prediction),), False)
    why = _measured(greeting) + " " + _other_state(prediction)
    total = next((one for one in prediction.findings if one.id == _TIMES[1]), finding)
    verdict = Verdict.FALSE_POSITIVE if total.verdict is Verdict.FALSE_POSITIVE else Verdict.UNKNOWN
    return StateOfThen(verdict, f"{why} {total.why}", (), False)


def _measured(greeting: Greeting) -> str:
    if greeting.seconds is not None and greeting.end is not None:
        text = _("By the report the greeting came after {seconds} s and the end after {end} s.")
        return text.format(seconds=decimal(greeting.seconds, 1), end=decimal(greeting.end, 1))
    if greeting.seconds is not None:
        text = _("By the report the greeting came after {seconds} s.")
        return text.format(seconds=decimal(greeting.seconds, 1))
    text = _("By the report the session ended after {end} s.")
    return text.format(end=decimal(greeting.end or 0.0, 1))


def _other_state(prediction: Prediction) -> str:
    text = _("That is another state than today's: now the tester gives up after {patience} s, ungreeted.")
    return text.format(patience=decimal(prediction.patience, 0))


def _other_name(row: PastedRow, finding: Finding) -> tuple[str, ...]:
    return _names(row.value("ptr"), _name_today([finding]))


def _names(then: str, today: str) -> tuple[str, ...]:
    if not then or not today or then.lower().rstrip(".") == today.lower().rstrip("."):
        return ()
    text = _("The address was named {then} when the report was made; now it is {today}.")
    return (text.format(then=then, today=today),)


def _name_today(findings: Sequence[Finding]) -> str:
    """Return the name (PTR) in the row that the tester would print now; "" when there is none in it."""
    for finding in findings:
        tokens = tokens_of([finding.row.text])
        match = phrase_trie.known().match_at(tokens, 0) if tokens else None
        for phrase in match.phrases if match is not None else ():
            if phrase.kind == TEXT and phrase.rule == finding.id == "ptr.forward":
                return dict(zip(phrase.placeholders, match.values if match else ())).get("ptr", "")
    return ""
