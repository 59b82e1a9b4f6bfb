"""MXToolbox's API JSON: the envelope of one lookup, anywhere in a text.

Shape: API data of 2021-04-12 (`Command`, `CommandArgument`, `Failed`, `Warnings`, `Passed`, `Timeouts`, each
item with `ID`, `Name`, `Info`, `AdditionalInfo`). Letter case of the keys does not matter here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Optional

from mxverdict.i18n.message import Message
from mxverdict.pasted import phrase_trie
from mxverdict.pasted.model import MXTOOLBOX, ROWS_LIMIT, Pasted, PastedRow, Subject, Unrecognised
from mxverdict.pasted.normalize import plain, tokens_of
from mxverdict.pasted.phrase_trie import Phrase
from mxverdict.rules import RULES
from mxverdict.testers import row_texts

OURS = "MxVerdict"
"""Key of what we add to an item."""
LISTS = {"failed": "error", "warnings": "warning", "passed": "ok", "timeouts": "unknown"}
_TRIES = 20
_DEPTH = 4
_DIGITS = 18


def read(text: str) -> Optional[tuple[Pasted, str]]:
    """Return what the lookups in a text say, with the rest of the text; None when there is none."""
    for candidate in (_unquoted(text), _unquoted(plain(text))):
        values = list(_values(candidate))
        envelopes = [envelope for value, _, _ in values for envelope in _within(value, _DEPTH)]
        if envelopes:
            return _pasted(envelopes), _without(candidate, values)
    return None


def _pasted(envelopes: Sequence[dict[str, Any]]) -> Pasted:
    found: list[PastedRow] = []
    unrecognised: list[Unrecognised] = []
    subjects: dict[Subject, None] = {}
    left_out = 0
    for envelope in envelopes:
        if len(found) + len(unrecognised) >= ROWS_LIMIT:
            left_out += sum(1 for _ in _items(envelope))
            continue
        subject = Subject(
            _text(envelope.get("command")).lower(), _text(envelope.get("commandargument")).lower()
        )
        for key, level, item in _items(envelope):
            if len(found) + len(unrecognised) >= ROWS_LIMIT:
                left_out += 1
                continue
            row = _row(item, level, subject)
            if row is None:
                reason = Message("an item whose name we do not know")
                unrecognised.append(Unrecognised(0, f"{key.title()}: {_described(item)}", reason))
            else:
                found.append(row)
                subjects[Subject(row.category, row.host)] = None
        if subject.argument and not any(host.argument for host in subjects):
            subjects[subject] = None
        for error in _list(envelope.get("errors"))[: ROWS_LIMIT - len(found) - len(unrecognised)]:
            unrecognised.append(Unrecognised(0, _described(error), Message("an error of the tester itself")))
    return Pasted(
        rows=tuple(found),
        unrecognised=tuple(unrecognised),
        subjects=tuple(subject for subject in subjects if subject.argument),
        left_out=left_out,
        form="api",
    )


def _unquoted(text: str) -> str:
    return "\n".join(line.lstrip("> \t\ufeff") for line in text.split("\n"))


def _without(text: str, values: Sequence[tuple[Any, int, int]]) -> str:
    """Return a text without the JSON in it that holds lookups; its other lines keep their numbers."""
    kept, place = [], 0
    for value, start, end in values:
        if any(_within(value, _DEPTH)):
            kept.append(text[place:start] + "\n" * text.count("\n", start, end))
            place = end
    return "".join((*kept, text[place:]))


def _items(envelope: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for key, level in LISTS.items():
        for item in _list(envelope.get(key)):
            yield key, level, item


@cache
def names() -> dict[str, tuple[Phrase, ...]]:
    """Return MXToolbox's rows by name in small letters."""
    known: dict[str, list[Phrase]] = {}
    for category in row_texts.CATEGORIES:
        for name, texts in row_texts.load(category).items():
            known.setdefault(name.casefold(), []).append(
                Phrase(phrase_trie.NAME, MXTOOLBOX, category, name, texts.rule, "", len(name.split()))
            )
    return {name: tuple(phrases) for name, phrases in known.items()}


@cache
def _numbers() -> dict[int, str]:
    return {
        texts.id: texts.name
        for category in row_texts.CATEGORIES
        for texts in row_texts.load(category).values()
        if texts.id is not None
    }


def in_category(phrases: Sequence[Phrase], category: str) -> Phrase:
    """Return the phrase of that category, else the first."""
    return next((phrase for phrase in phrases if phrase.category == category), phrases[0])


def _row(item: Any, level: str, subject: Subject) -> Optional[PastedRow]:
    if not isinstance(item, dict):
        return None
    entry = {str(key).lower(): value for key, value in item.items()}
    name, info = _text(entry.get("name")), _text(entry.get("info"))
    tokens = tokens_of([info])
    match = phrase_trie.known().match_at(tokens, 0) if tokens else None
    number = entry.get("id")
    numbered = _numbers().get(number, "") if isinstance(number, int) else ""
    phrases = names().get(name.casefold()) or names().get(numbered.casefold())
    if not phrases:
        phrases = match.phrases if match is not None and match.length == len(tokens) else ()
    ours = entry.get(OURS.lower())
    ours = {str(key).lower(): value for key, value in ours.items()} if isinstance(ours, dict) else {}
    asked = "blacklist" if subject.command == "blocklist" else subject.command
    category = _text(ours.get("category")) or asked
    if not phrases and name and (ours or asked == "blacklist"):
        rule = _text(ours.get("id")) or ("blocklist.listed" if category == "blacklist" else "")
        rule = rule if rule in RULES else ""
        phrases = (Phrase(phrase_trie.NAME, MXTOOLBOX, category, name, rule, "", 1),)
    mxtoolbox = [phrase for phrase in phrases if phrase.tester == MXTOOLBOX]
    if not mxtoolbox:
        return None
    phrase = in_category(mxtoolbox, category)
    values: tuple[tuple[str, str], ...] = ()
    if match is not None and any(found.row == phrase.row for found in match.phrases):
        same = next(found for found in match.phrases if found.row == phrase.row)
        values = tuple(zip(same.placeholders, match.values))
    return PastedRow(
        tester=MXTOOLBOX,
        category=phrase.category,
        name=phrase.row,
        rule=phrase.rule,
        level=level,
        text=info,
        host=_text(ours.get("host")) or subject.argument,
        values=values,
        details=tuple(
            detail
            for line in _list(entry.get("additionalinfo"))
            if (detail := _text(line)) and not detail.startswith(f"{OURS}: ")
        ),
        original=f"{name}: {info}",
    )


def _values(text: str) -> Iterator[tuple[Any, int, int]]:
    """Yield the JSON values that start on a line of their own, each with where it starts and ends."""
    if not any(f'"{key}"' in text.lower() for key in LISTS):
        return
    decoder = json.JSONDecoder(parse_int=_int)
    place = 0
    for _ in range(_TRIES):
        start = _next_opening(text, place)
        if start < 0:
            return
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            place = text.find("\n", start)
            if place < 0:
                return
        else:
            yield value, start, place


def _next_opening(text: str, start: int) -> int:
    """Return where the next line begins that starts with a brace or bracket; -1 when there is none."""
    while start < len(text):
        line = text[start : start + 200].lstrip(" \t\n")
        offset = start + min(len(text) - start, 200) - len(line) if line else start + 200
        if line and line[0] in "{[":
            return offset
        start = text.find("\n", offset)
        if start < 0:
            return -1
    return -1


def _within(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        entry = {str(key).lower(): value for key, value in data.items()}
        if sum(isinstance(entry.get(key), list) for key in LISTS) >= 2:
            yield entry
            return
    if depth and isinstance(data, (dict, list)):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _within(value, depth - 1)


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [value] if value else []
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return " ".join(value.split())[:2000] if isinstance(value, str) else ""


def _described(item: Any) -> str:
    if not isinstance(item, dict):
        return _text(item) or str(item)[:200]
    entry = {str(key).lower(): value for key, value in item.items()}
    return (
        ": ".join(part for part in (_text(entry.get("name")), _text(entry.get("info"))) if part) or "no name"
    )


def _int(digits: str) -> int:
    return int(digits) if len(digits) <= _DIGITS else 0
