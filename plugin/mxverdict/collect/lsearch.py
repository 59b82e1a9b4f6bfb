"""The files that Exim searches with `lsearch`: one key a line (Exim specification, chapter 9.3)."""

from __future__ import annotations

import re
from pathlib import Path

from mxverdict.fs.read import read_regular

_LINE = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s:]+))(?:\s*:|\s|\Z)\s*(?P<value>.*)\Z')
_SIZE_LIMIT = 64 * 1024 * 1024


def read_keys(path: Path) -> frozenset[str]:
    """The keys of a file, in lower case (`lsearch` ignores case). Raises OSError."""
    return frozenset(key for key, _ in read_pairs(path))


def read_pairs(path: Path) -> tuple[tuple[str, str], ...]:
    """Keys, in lower case, and their values in the order of the file; lines that start with white space
    continue the one before. Of two lines with one key the first counts. Raises OSError."""
    text = read_regular(path, _SIZE_LIMIT).decode(errors="replace")
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if line[:1].isspace():
            if last and line.strip():
                found[last] = f"{found[last]} {line.strip()}".strip()
            continue
        match = None if line.startswith("#") else _LINE.match(line)
        if match is None:
            continue
        key = (match["plain"] or re.sub(r"\\(.)", r"\1", match["quoted"] or "")).lower()
        last = "" if key in found else key
        found.setdefault(key, match["value"].strip())
    return tuple(found.items())
