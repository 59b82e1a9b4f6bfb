"""Whether the tester came, read from the part of Exim's main log that is new since the last look."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

from mxverdict.host import Host
from mxverdict.window.model import Window

_MOST = 32 * 1024 * 1024
_ENDED = re.compile(rb"SMTP connection from .*\[([0-9a-fA-F.:]+)\](?::\d+)? .*closed by QUIT")


def log_position(host: Host) -> tuple[int, int]:
    """Inode and length of the main log; zeros when there is none."""
    try:
        status = host.exim_mainlog.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def look(host: Host, window: Window) -> tuple[bool, Window]:
    """Whether a session from one of the window's networks ended in order (by QUIT), and the window with the
    position to go on from. A log that was rotated is read from its beginning."""
    inode, size = log_position(host)
    offset = window.log_offset if inode == window.log_inode and window.log_offset <= size else 0
    try:
        with host.exim_mainlog.open("rb") as log:
            log.seek(max(offset, size - _MOST))
            new = log.read(_MOST)
    except OSError:
        return False, window
    whole = new[: new.rfind(b"\n") + 1]
    networks = [ipaddress.ip_network(text) for text in window.networks]
    came = any(_within(match[1].decode(), networks) for match in _ENDED.finditer(whole))
    end = max(offset, size - _MOST) + len(whole)
    return came, dataclasses.replace(window, log_inode=inode, log_offset=end)


def _within(text: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
