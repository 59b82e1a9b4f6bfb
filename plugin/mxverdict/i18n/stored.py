"""Texts that were kept in English, and errors that were raised so, in the language that is spoken.

Whoever writes a window's remark, a job's outcome or why something could not be collected does not know who
will read it. Such texts are filled in from templates marked with `catalog.stored`; here the template is
found again by what stands between its values. Standard library only.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple, Optional

from mxverdict.i18n import catalog

CONTEXT = "stored"
"""Marks those templates in the catalogue (`msgctxt`)."""
_MOST = 4000
"""Characters of a text that is looked at; a longer one is none of ours."""
_MOST_PARTS = 40
_DEEPEST = 4
_JOINT = "; "
"""Stands between texts that were put together."""
_SENTENCES = re.compile(r"(?<=\.)( )")
_COLONS = re.compile("(: )")


class _Template(NamedTuple):
    """`literals` stand before, between and after the values, whose names are `names`; `longest` is one of
    them."""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    translation: str
    longest: str

    def values(self, text: str) -> Optional[dict[str, str]]:
        """The values by name, when the text is this template filled in; each ends where it may first."""
        first, *between = self.literals
        if not text.startswith(first):
            return None
        found: dict[str, str] = {}
        place = len(first)
        for number, (name, literal) in enumerate(zip(self.names, between), 1):
            end = len(text) - len(literal) if number == len(between) else text.find(literal, place)
            if end < place or not text.startswith(literal, end):
                return None
            value = text[place:end]
            if found.setdefault(name, value) != value:
                return None
            place = end + len(literal)
        return found if place == len(text) else None


class _Kept(NamedTuple):
    """What may be kept: texts without values, and templates, those with the most words first."""

    texts: dict[str, str]
    templates: tuple[_Template, ...]


def retold(text: str) -> str:
    """A text that was kept in English in the language that is spoken: whole, or the parts of it that are
    ours. What we do not know stays as it is."""
    if catalog.current_tag() == "en" or not text or len(text) > _MOST:
        return text
    whole = catalog.gettext(text)
    return whole if whole != text else _told(text)


def _told(text: str, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return text
    told = _whole(text, depth)
    if not told and _JOINT in text:
        told = _parts(text, depth) or _whole(text, depth, joined=True)
    if told:
        return told
    for pattern in (_SENTENCES, _COLONS):
        parts = pattern.split(text)
        if 1 < len(parts) <= _MOST_PARTS:
            return "".join(_told(part, depth + 1) if n % 2 == 0 else part for n, part in enumerate(parts))
    return text


def _whole(text: str, depth: int, *, joined: bool = False) -> str:
    """A text that is one template filled in; "" when it is none. A `joined` one has values of many texts."""
    kept = _kept(catalog.FOLDER, catalog.current_tag())
    if text in kept.texts:
        return kept.texts[text]
    for template in kept.templates:
        values = template.values(text) if template.longest in text else None
        if values is not None and (joined or not any(_JOINT in value for value in values.values())):
            told = {name: _told(value, depth + 1) for name, value in values.items()}
            return template.translation.format(**told)
    return ""


def _parts(text: str, depth: int) -> str:
    """Several texts that were put together, the longest first: one may have the mark between them in it. ""
    when none of them is ours."""
    if text.count(_JOINT) > _MOST_PARTS:
        return ""
    rest, parts, known = text.split(_JOINT), [], False
    while rest:
        for end in range(len(rest), 0, -1):
            part = _JOINT.join(rest[:end])
            told = _whole(part, depth) if part != text else ""
            if told or end == 1:
                known = known or bool(told)
                parts.append(told or _told(part, depth + 1))
                rest = rest[end:]
                break
    return _JOINT.join(parts) if known else ""


@cache
def _kept(folder: Path, tag: str) -> _Kept:
    """Those of a compiled catalogue (GNU gettext manual, "The Format of GNU MO Files")."""
    data = (folder / tag / "LC_MESSAGES" / f"{catalog.DOMAIN}.mo").read_bytes()
    number, ids, strings = struct.unpack_from("<3I", data, 8)
    found = []
    for n in range(number):
        context, mark, text = _entry(data, ids + 8 * n).partition("\x04")
        if mark and context == CONTEXT:
            found.append(_template(text, _entry(data, strings + 8 * n)))
    found.sort(key=lambda one: -sum(map(len, one.literals)))
    return _Kept(
        {one.longest: one.translation.format() for one in found if not one.names},
        tuple(one for one in found if one.names),
    )


def _entry(data: bytes, at: int) -> str:
    length, start = struct.unpack_from("<2I", data, at)
    return data[start : start + length].decode()


def _template(text: str, translation: str) -> _Template:
    literals, names = [""], []
    for literal, name, _, _ in Formatter().parse(text):
        literals[-1] += literal
        if name is not None:
            names.append(name)
            literals.append("")
    return _Template(tuple(literals), tuple(names), translation, max(literals, key=len))
