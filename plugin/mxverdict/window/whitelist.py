"""The change that spares a tester the delay alone: its networks in /etc/senderverifybypasshosts.

Live at the next connection; gives no right to relay (Exim's ACLs on a cPanel server use that list for sender
verification and for the delay).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Optional

from mxverdict.host import Host
from mxverdict.window import files, listfile
from mxverdict.window.networks import Network

_CREATION = files.Creation(group="mail", mode=0o640)

Record = Callable[[dict[str, Any]], None]
"""Makes the plan of a change durable; called before every write."""


def apply(host: Host, networks: Sequence[Network], record: Record) -> list[str]:
    """Add those networks that the file does not match yet; returns remarks. Raises HostError."""
    path = host.sender_verify_bypass_hosts
    created = not path.exists()
    lines: list[str] = []

    def change(content: bytes) -> Optional[bytes]:
        nonlocal lines
        lines = [listfile.line_of(network) for network in listfile.missing(content, networks)]
        record({"lines": lines, "created": created})
        return listfile.add(content, lines) if lines else None

    files.edit(path, change, _CREATION)
    return [] if lines else [f"every address stood in {path} already and stays there"]


def revert(host: Host, plan: dict[str, Any], applied: bool) -> list[str]:
    """Take out what `apply` added, where it still stands so; returns remarks. Raises HostError."""
    path = host.sender_verify_bypass_hosts
    remarks: list[str] = []
    gone: list[str] = []

    def change(content: bytes) -> Optional[bytes]:
        nonlocal gone
        rest, gone = listfile.remove(content, plan["lines"])
        return rest

    if not path.exists():
        remarks.append(f"{path} was deleted meanwhile; an empty one was made: Exim drops mail without it")
    elif plan["created"]:
        remarks.append(f"{path} was missing before; an empty one stays: Exim drops mail without it")
    files.remove_leftover(path)
    files.edit(path, change, _CREATION)
    if gone and applied:
        remarks.append(f"{', '.join(gone)} had been taken out of {path} or changed by somebody else")
    return remarks
