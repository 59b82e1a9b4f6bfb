"""A compiled catalogue of a few texts, made by hand (GNU gettext manual, "The Format of GNU MO Files")."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from mxverdict.i18n import catalog

_HEADER = "Content-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


@contextmanager
def speaking(folder: Path, texts: Mapping[str, str], tag: str = "de") -> Iterator[None]:
    """The language of that tag with these texts alone. A stored one begins with `stored` and \\x04, forms of
    a plural stand apart by \\0."""
    path = folder / tag / "LC_MESSAGES" / f"{catalog.DOMAIN}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compiled(texts))
    with patch.object(catalog, "FOLDER", folder), patch.dict(catalog.NAMES, {tag: tag}):
        catalog.activate(tag)
        try:
            yield
        finally:
            catalog.activate("en")


def compiled(texts: Mapping[str, str]) -> bytes:
    pairs = sorted({"": _HEADER, **texts}.items())
    number, start = len(pairs), 28 + 16 * len(pairs)
    tables, content = [], b""
    for texts_of in zip(*pairs):
        for text in texts_of:
            tables.append(struct.pack("<2I", len(text.encode()), start + len(content)))
            content += text.encode() + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, number, 28, 28 + 8 * number, 0, 0)
    return head + b"".join(tables) + content
