"""Addresses of testers that this server's owner added: the server's own part of the catalogue.

Standard library only, as the catalogue's loader. Written by `mxverdict.services.tester_addresses`.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any, NamedTuple

from mxverdict.fs.read import read_regular
from mxverdict.i18n.message import Message, from_json, message_of

SCHEMA = 1
_MAX_BYTES = 1 << 20


class LocalTesterAddress(NamedTuple):
    """One added address (bare), of which tester, its reverse name, when it was added (ISO date) and why it is
    believed."""

    address: str
    tester: str
    name: str
    date: str
    source: str


def read(path: Path) -> tuple[tuple[LocalTesterAddress, ...], str]:
    """Return what the file holds, and "" or one line on what of it is damaged and left out. Nothing is
    raised."""
    try:
        data = json.loads(read_regular(path, _MAX_BYTES))
        rows = data["addresses"] if data["schema"] == SCHEMA else None
        if not isinstance(rows, list):
            raise ValueError(Message("not of a form that this version knows"))
    except FileNotFoundError:
        return (), ""
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        why = message_of(error) or type(error).__name__
        return (), Message("{path} is damaged and left out: {why}", path=path, why=why)
    messages = data.get("messages")
    found = [row for one in rows if (row := _address(one, messages)) is not None]
    damaged = len(rows) - len(found)
    if damaged == 1:
        load_error = Message("{path}: 1 damaged entry is left out", path=path)
    else:
        load_error = Message("{path}: {count} damaged entries are left out", path=path, count=damaged)
    return tuple(found), load_error if damaged else ""


def _address(row: Any, messages: Any) -> LocalTesterAddress | None:
    try:
        made = LocalTesterAddress(**row)
        if isinstance(messages, dict) and made.address in messages:
            made = made._replace(source=from_json(messages[made.address]))
        sound = all(isinstance(value, str) for value in made)
        return made if sound and str(ipaddress.ip_address(made.address)) == made.address else None
    except (TypeError, ValueError):
        return None
