"""The change that spares a tester the delay alone: its networks in /etc/senderverifybypasshosts.

Live at the next connection; gives no right to relay (Exim's ACLs on a cPanel server use that list for sender
verification and for the delay).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, Optional

from mxverdict.errors import HostError
from mxverdict.fs import safe_edit
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.net import iplsearch
from mxverdict.net.address import Network

_CREATION = safe_edit.NewFileMode(group="mail", mode=0o640)
_TRIES = 4
_PAUSE = 0.05

Record = Callable[[dict[str, Any]], None]
"""Makes the plan of a change durable; called before every write."""


def apply(host: Host, networks: Sequence[Network], record: Record, others: Sequence[str] = ()) -> list[str]:
    """Add those networks that the file does not match yet; returns remarks. Raises HostError.

    `others` are lines of other windows or entries of ours, which go when those do: they do not count.
    """
    path = host.sender_verify_bypass_hosts
    created = not path.exists()
    lines: list[str] = []

    def change(content: bytes) -> Optional[bytes]:
        nonlocal lines
        lines = [
            iplsearch.line_of(network) for network in iplsearch.missing(_less(content, others), networks)
        ]
        record({"lines": lines, "created": created, "exact": iplsearch.present(content, lines)})
        return iplsearch.add(content, lines) if lines else None

    safe_edit.edit(path, change, _CREATION)
    return [] if lines else [Message("every address stood in {path} already and stays there", path=path)]


def is_listed(host: Host, networks: Sequence[Network], others: Sequence[str]) -> bool:
    """Whether the file matches all of them by lines that are not `others`. Raises HostError."""
    content = safe_edit.read(host.sender_verify_bypass_hosts) or b""
    return not iplsearch.missing(_less(content, others), networks)


def revert(
    host: Host,
    plan: dict[str, Any],
    applied: bool,
    others: Sequence[str] = (),
    in_front: Sequence[str] = (),
) -> list[str]:
    """Remove what `apply` added, where it is unchanged; return notes. Raises HostError.

    `others` are lines of other windows or entries of ours, which stay; `in_front` those added later.
    """
    path = host.sender_verify_bypass_hosts
    remarks: list[str] = []
    if not path.exists():
        remarks.append(
            Message(
                "{path} was deleted meanwhile; an empty one was made: Exim drops mail without it", path=path
            )
        )
    elif plan["created"]:
        remarks.append(
            Message("{path} was missing before; an empty one stays: Exim drops mail without it", path=path)
        )
    safe_edit.remove_leftover(path)
    lines: list[str] = plan["lines"]
    gone, rearranged = _take_out(path, lines, plan.get("exact", ()), others, in_front)
    if gone and applied:
        remarks.append(
            Message(
                "{addresses} had been taken out of {path} or changed by somebody else",
                addresses=", ".join(gone),
                path=path,
            )
        )
    if rearranged and len(gone) < len(lines):
        remarks.append(
            Message(
                "{path} was edited by somebody else meanwhile; whoever wants one of this "
                "window's addresses to stay there has to add it again",
                path=path,
            )
        )
    return remarks


def _less(content: bytes, lines: Sequence[str]) -> bytes:
    return iplsearch.remove(content, lines)[0]


def _take_out(
    path: Path, lines: Sequence[str], exact: Sequence[str], others: Sequence[str], in_front: Sequence[str]
) -> tuple[list[str], bool]:
    """Answers which lines were not there and whether the others stood elsewhere than `apply` had put them.

    A program that read the file before and writes it after puts our lines back: they are taken out once more.
    """
    gone: list[str] = []
    left = b""
    rearranged = False

    def change(content: bytes) -> bytes:
        nonlocal gone, left, rearranged
        left, gone = iplsearch.remove(content, lines, exact, others, in_front)
        own = [line for line in lines if line not in others]
        rearranged = iplsearch.add(iplsearch.without(left, others), own) != iplsearch.without(content, others)
        return left

    safe_edit.edit(path, change, _CREATION)
    answer = gone, rearranged
    lines = [line for line in lines if line not in gone and line not in iplsearch.present(left, lines)]
    for _ in range(_TRIES):
        if not lines:
            return answer
        time.sleep(_PAUSE)
        if not iplsearch.present(safe_edit.read(path) or b"", lines):
            return answer
        safe_edit.edit(path, change, _CREATION)
    raise HostError(
        Message(
            "{path} is written again and again by somebody else, with this window's addresses in it",
            path=path,
        )
    )
