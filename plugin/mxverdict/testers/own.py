"""Addresses of testers that this server's owner added: the server's own part of the catalogue.

Standard library only, as the catalogue's loader. Written by `mxverdict.tester_addresses`.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = 1
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class OwnAddress:
    """One added address (bare), of which tester, its reverse name, when it was added (ISO date) and why it is
    believed."""

    address: str
    tester: str
    name: str
    date: str
    source: str


def read(path: Path) -> tuple[tuple[OwnAddress, ...], str]:
    """What the file holds, and "" or one line on what of it is damaged and left out. Nothing is raised."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_MOST_BYTES))
        rows = data["addresses"] if data["schema"] == SCHEMA else None
        if not isinstance(rows, list):
            raise ValueError("not of a form that this version knows")
    except FileNotFoundError:
        return (), ""
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        return (), f"{path} is damaged and left out: {str(error)[:100] or type(error).__name__}"
    found = [row for row in map(_address, rows) if row is not None]
    damaged = len(rows) - len(found)
    trouble = f"{path}: {damaged} damaged {'entry is' if damaged == 1 else 'entries are'} left out"
    return tuple(found), trouble if damaged else ""


def _address(row: Any) -> OwnAddress | None:
    try:
        made = OwnAddress(**row)
        sound = all(isinstance(value, str) for value in vars(made).values())
        return made if sound and str(ipaddress.ip_address(made.address)) == made.address else None
    except (TypeError, ValueError):
        return None
