"""Well-known receivers of mail: data with source and date."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("receivers.json")


@dataclass(frozen=True)
class Receiver:
    """A provider's mail domain and its name for people."""

    domain: str
    title: str
    source: str


@cache
def load() -> tuple[Receiver, ...]:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Receiver(**entry) for entry in data["receivers"])
