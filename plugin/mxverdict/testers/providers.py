"""Large senders of wanted mail, known by the reverse names of their hosts: data with source and date."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("big_senders.json")


@dataclass(frozen=True)
class Provider:
    """A provider whose hosts have names under `domain`, and its name for people."""

    domain: str
    title: str
    source: str


@cache
def load() -> tuple[Provider, ...]:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Provider(**entry) for entry in data["senders"])


def title_of(name: str) -> str:
    """Return the provider that a host name belongs to, "" for none. Worth something only for a name that the
    DNS confirms forward and back, as those are that Exim logs."""
    lower = name.lower().rstrip(".")
    return next((one.title for one in load() if f".{lower}".endswith(f".{one.domain}")), "")
