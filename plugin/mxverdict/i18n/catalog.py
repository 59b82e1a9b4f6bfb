"""The language of what people read: one catalogue for the whole package (GNU gettext).

English is in the code and needs no catalogue. The language is one for the process, which answers one
request or runs one command. Standard library only: the keeper uses it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from gettext import GNUTranslations

DOMAIN = "mxverdict"
FOLDER = Path(__file__).with_name("locale")
NAMES = {"en": "English", "de": "Deutsch"}
"""The languages that there are, by their RFC 5646 tags, as their speakers call them."""
_COMMA = frozenset({"de"})

_catalogue: Optional[GNUTranslations] = None
_tag = "en"


def activate(tag: str) -> None:
    """Speak the language of that tag from now on; English when there is no catalogue of it."""
    global _catalogue, _tag
    _catalogue, _tag = None, "en"
    if tag in NAMES and tag != "en":
        from gettext import translation

        try:
            _catalogue, _tag = translation(DOMAIN, FOLDER, [tag]), tag
        except Exception:  # the catalogue is missing or damaged: everything else works without it
            return


def current_tag() -> str:
    """The RFC 5646 tag of the language that is spoken."""
    return _tag


def gettext(message: str) -> str:
    """Return `message`, which is in the catalogue, in the current language.

    Where it is there with a plural, CPython 3.9, 3.10 and 3.11.2 find it by `ngettext` alone.
    """
    if _catalogue is None or not message:
        return message
    translation = _catalogue.gettext(message)
    return translation if translation != message else _catalogue.ngettext(message, message, 1)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a message that fits `count`; `{count}` in it is the caller's to fill in."""
    if _catalogue is None:
        return one if count == 1 else many
    return _catalogue.ngettext(one, many, count)


def decimal(number: float, digits: int) -> str:
    """`number` with so many digits after the point, or the comma where that is what people write."""
    text = f"{number:.{digits}f}"
    return text.replace(".", ",") if _tag in _COMMA else text


def N_(message: str) -> str:
    """Return `message` as it is: the catalogue takes it in, and whoever shows it passes it to `gettext`."""
    return message
