"""What testers print about a rule, in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mxverdict.testers import load
from mxverdict.testers.row_texts import READ, readable

_MXTOOLBOX = "MXToolbox"
_LISTS = "blacklist"
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class PrintedRow:
    """One row of one tester: `passes` and `fails` are its words ("": the row is absent then), values in them
    in capitals. `seen`: the failing words were seen verbatim, and are not an estimate."""

    tester: str
    row: str
    passes: str
    fails: tuple[str, ...]
    seen: bool


def printed_about(rule: str) -> tuple[PrintedRow, ...]:
    """Return the rows about a rule, each once; none where no tester prints one."""
    return tuple(dict.fromkeys((*_mxtoolbox(rule), *_others(rule))))


def _mxtoolbox(rule: str) -> Iterator[PrintedRow]:
    for category in READ:
        texts = [one for one in readable(category).values() if one.rule == rule]
        if category == _LISTS and texts:
            names = ", ".join(one.name for one in texts)
            yield PrintedRow(_MXTOOLBOX, names, texts[0].ok, (texts[0].failed,), texts[0].seen)
            continue
        for one in texts:
            fails = tuple(_shown(text) for text in (one.warned, one.failed) if text)
            yield PrintedRow(_MXTOOLBOX, one.name, _shown(one.ok), fails, one.seen)


def _others(rule: str) -> Iterator[PrintedRow]:
    for tester in load().testers:
        if tester.rule == rule and tester.report != "mxtoolbox":
            fails = dict.fromkeys(filter(None, (tester.timeout_text, tester.no_starttls_text)))
            yield PrintedRow(tester.title, tester.row, tester.ok_text, tuple(fails), True)


def _shown(text: str) -> str:
    return _FIELD.sub(lambda match: match[1].upper(), text)
