"""Fault switches: a file below `ROOT/sandbox/faults` makes the stand-in misbehave until it is removed.

| file | content | effect |
|---|---|---|
| `whmapi1-hangs`, `cpsrvd-hangs` | – | never answers |
| `whmapi1-slow`, `cpsrvd-slow` | seconds | answers that much later |
| `whmapi1-garbage`, `cpsrvd-garbage` | the text, or empty | answers the text instead of JSON |
| `whmapi1-exit-status` | a number | exit status whenever the result is 0 (otherwise 0) |
| `cpsrvd-503` | – | every request gets 503, as while an upgrade runs |
| `cpsrvd-500` | – | every API request gets 500 `Internal Error (ID n)` |
| `whmapi1-ok-without-doing` | – | functions that write answer OK and do nothing (both transports) |
| `whmapi1-refuses` | lines `FUNCTION REASON` | result 0 with that reason (both transports) |
| `batch-data` | JSON | a batch answers this as its `data` (both transports) |
| `set_tweaksetting-fails` | – | the save fails; nothing changes |
| `tweaksetting-number` | – | `get_tweaksetting` gives `value` as a JSON number |
| `greylist-write-fails` | – | the netblock file is never rewritten; only the error log says so |
| `greylist-write-slow` | seconds | the netblock file is rewritten that much later than the usual 0.3 s |

Those named whmapi1-hangs, -slow, -garbage act on the command alone, their cpsrvd twins on HTTPS alone.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Optional

_FOLDER = "sandbox/faults"
_NOT_JSON = 'Can\'t locate object method "new" via package\n'


def content(root: Path, name: str) -> Optional[str]:
    """What the switch holds, or None when it is off."""
    try:
        return (root / _FOLDER / name).read_text()
    except FileNotFoundError:
        return None


def is_on(root: Path, name: str) -> bool:
    return content(root, name) is not None


def seconds(root: Path, name: str) -> float:
    return float(content(root, name) or 0)


def refusal(root: Path, function: str) -> Optional[str]:
    """The reason `whmapi1-refuses` names for this function."""
    for line in (content(root, "whmapi1-refuses") or "").splitlines():
        name, _, reason = line.partition(" ")
        if name == function:
            return reason
    return None


def instead_of_an_answer(root: Path, front: str) -> Optional[str]:
    """Hang or dawdle as the switches of `front` (whmapi1 or cpsrvd) say; the garbage to print, if any."""
    while is_on(root, f"{front}-hangs"):
        time.sleep(0.2)
    time.sleep(seconds(root, f"{front}-slow"))
    garbage = content(root, f"{front}-garbage")
    return None if garbage is None else garbage or _NOT_JSON
