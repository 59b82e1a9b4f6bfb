"""Builds of cPanel and Exim with publicly known vulnerabilities: data with source and date."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Optional

CPANEL = "cpanel"
EXIM = "exim"
FILE = Path(__file__).with_name("known_holes.json")
_LINE_PARTS = {CPANEL: 3, EXIM: 2}
"""How many numbers of a version name its release line: 11.138.0 of cPanel, 4.99 of Exim."""
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){1,4}", re.ASCII)

Version = tuple[int, ...]


@dataclass(frozen=True)
class Hole:
    """One vulnerability. `since` is the first affected version ("": all), `fixed` the first fixed build of
    each release line, `date` the day it was published or read at `source`."""

    id: str
    product: str
    what: str
    since: str
    fixed: tuple[str, ...]
    date: str
    source: str

    def affects(self, version: Version) -> Optional[bool]:
        """Whether a build has it: compared by number within the build's own release line.

        A line older than the newest fixed one and without a fix of its own has the hole; of Exim that is not
        known (None), since distributions fix it without changing the number.
        """
        if self.since and version < (parse(self.since) or ()):
            return False
        parts = _LINE_PARTS[self.product]
        fixed = sorted(build for build in map(parse, self.fixed) if build)
        own = [build for build in fixed if build[:parts] == version[:parts]]
        if own:
            return version < own[0]
        if version[:parts] > fixed[-1][:parts]:
            return False
        return None if self.product == EXIM else True


@cache
def load() -> tuple[Hole, ...]:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Hole(**{**entry, "fixed": tuple(entry["fixed"])}) for entry in data["holes"])


@cache
def date() -> str:
    """Return the day the list was last brought up to date (ISO)."""
    return str(json.loads(FILE.read_text(encoding="utf-8"))["date"])


def parse(text: str) -> Optional[Version]:
    """Return the numbers of a version such as `11.138.0.19` or `4.99.1`; None for any other text."""
    return tuple(map(int, text.split("."))) if _VERSION.fullmatch(text) else None


def holes_of(product: str, version: str) -> Optional[tuple[tuple[Hole, ...], tuple[Hole, ...]]]:
    """Return the known holes that a build has, and those where its number does not tell; None when the
    version is not understood."""
    parsed = parse(version)
    if parsed is None:
        return None
    known = [(hole, hole.affects(parsed)) for hole in load() if hole.product == product]
    return tuple(hole for hole, has in known if has), tuple(hole for hole, has in known if has is None)
