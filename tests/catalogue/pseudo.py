"""A language for tests, `xx`: each message of the catalogue in ⟦brackets⟧. What stands outside of them on a
page comes from outside, or is missing in the catalogue."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.catalogue.code import PACKAGE
from tests.catalogue.files import PSEUDO, Texts, file_of, mo_bytes, template

_INNERMOST = re.compile("⟦[^⟦⟧]*⟧")


def pseudo(folder: Path) -> Path:
    """The language `xx` below `folder`, in which whatever is in the catalogue stands in ⟦brackets⟧."""
    made = Texts(PSEUDO)
    for message in template():
        if message.id:
            forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            marked = tuple(f"⟦{form}⟧" for form in forms)
            made.add(message.id, marked if len(forms) > 1 else marked[0])
    path = file_of(PSEUDO, ".mo", folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mo_bytes(made))
    return path


def speaking_copy(folder: Path) -> Path:
    """A copy of plugin/ below `folder` that speaks `xx` too, for a browser that asks for that language."""
    copy = folder / "plugin"
    shutil.copytree(PACKAGE.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    pseudo(copy / "mxverdict/i18n/locale")
    module = copy / "mxverdict/i18n/catalog.py"
    code = module.read_text(encoding="utf-8")
    known = code.replace('NAMES = {"en": "English"', f'NAMES = {{"{PSEUDO}": "⟦xx⟧", "en": "English"')
    assert known != code
    module.write_text(known, encoding="utf-8")
    return copy


def outside(text: str) -> str:
    """What of a page's text stands in no brackets."""
    while (less := _INNERMOST.sub("", text)) != text:
        text = less
    return text
