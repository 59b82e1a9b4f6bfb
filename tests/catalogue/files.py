"""The files of the catalogue: the template, a translation for each language, and that compiled."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Optional

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.catalogue.code import PACKAGE, Found, Id, found

FOLDER = PACKAGE / "i18n/locale"
TEMPLATE = FOLDER / "mxverdict.pot"
PERCENT = re.compile(r"%\((\w+)\)[a-z]")
"""A placeholder of a template."""
PSEUDO = "xx"
"""Tag of the language of `tests.catalogue.pseudo`."""
_PLURALS = {"": "nplurals=INTEGER; plural=EXPRESSION;", PSEUDO: "nplurals=2; plural=(n != 1);"}


class Texts(Catalog):
    """A catalogue without dates and names of people; `tag` is "" for the template."""

    def __init__(self, tag: str) -> None:
        super().__init__(
            locale=tag if tag not in _PLURALS else None, fuzzy=False, header_comment="# Texts of MX Verdict"
        )
        self.tag = tag

    def _get_mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "MX Verdict"),
            ("Language", self.tag),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", _PLURALS.get(self.tag) or self.plural_forms),
        ]

    def _set_mime_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """They are always the same."""

    mime_headers = property(_get_mime_headers, _set_mime_headers)


def template(messages: Optional[Iterable[Found]] = None) -> Texts:
    """The messages of the code, in the order of the files that have them first. One that is used both with
    and without a plural stands once, with it."""
    ids: dict[str, Id] = {}
    places: dict[str, set[str]] = {}
    for place, message in found() if messages is None else messages:
        one = message if isinstance(message, str) else message[0]
        known = ids.get(one)
        if isinstance(known, tuple) and isinstance(message, tuple) and known != message:
            raise ValueError(f"{place}: another plural than elsewhere: {message}")
        ids[one] = message if not isinstance(known, tuple) else known
        places.setdefault(one, set()).add(place)
    made = Texts("")
    for one in sorted(ids, key=lambda one: (min(places[one]), one)):
        locations = [(place, 0) for place in sorted(places[one])]
        made.add(ids[one], locations=locations, flags=_flags(ids[one]))
    return made


def _flags(message: Id) -> set[str]:
    whole = message if isinstance(message, str) else "".join(message)
    if PERCENT.search(whole):
        return {"python-format"}
    return {"python-brace-format"} if "{" in whole else set()


def languages() -> list[str]:
    return sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/mxverdict.po"))


def file_of(tag: str, suffix: str = ".po", folder: Path = FOLDER) -> Path:
    return folder / tag / "LC_MESSAGES" / f"mxverdict{suffix}"


def read(path: Path, tag: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=Locale.parse(tag))


def renewed(tag: str, known: Catalog, source: Catalog, taken: Optional[Catalog] = None) -> Texts:
    """`source` with the translations that are known, or those of `taken` where it has one; what is left of
    `known` is kept at the end as obsolete."""
    made = Texts(tag)
    for message in source:
        if message.id:
            old = known.get(message.id, message.context) or _obsolete(known, message)
            new = taken.get(message.id, message.context) if taken is not None else None
            made.add(
                message.id,
                _string(made, message, new) or _string(made, message, old),
                locations=message.locations,
                flags=set(message.flags) | (set(old.flags) & {"fuzzy"} if old and not new else set()),
                context=message.context,
            )
    for message in (*known, *known.obsolete.values()):
        if message.id and not made.get(message.id, message.context) and translated(message):
            message.locations = []
            made.obsolete[key(message)] = message
    return made


def _obsolete(known: Catalog, wanted: Message) -> Optional[Message]:
    return next((one for one in known.obsolete.values() if key(one) == key(wanted)), None)


def key(message: Message) -> Any:
    one = message.id if isinstance(message.id, str) else message.id[0]
    return (one, message.context) if message.context else one


def translated(message: Message, enough: Callable[[Iterable[object]], bool] = any) -> bool:
    """Whether any of its forms, or all of them, are translated."""
    return enough(message.string if isinstance(message.string, tuple) else (message.string,))


def _string(made: Texts, message: Message, known: Optional[Message]) -> Any:
    """The translation, when it is of the same kind: one form or one for each number."""
    if known is None or not known.string or isinstance(known.string, str) != isinstance(message.id, str):
        return None
    if isinstance(known.string, str):
        return known.string
    return known.string if any(known.string) and len(known.string) == made.num_plurals else None


def po_bytes(texts: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, texts, width=100, include_lineno=False, sort_output=False)
    return file.getvalue().rstrip(b"\n") + b"\n"


def mo_bytes(texts: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, texts)
    return file.getvalue()


def compiled(tag: str) -> bytes:
    known = read(file_of(tag), tag)
    return mo_bytes(renewed(tag, known, known))


def content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
