"""The delay's setting in /etc/exim.conf.localopts, one `key=value` a line, as buildeximconf reads it.

No such line: the delay is on. An empty value: off. Otherwise the number: 0 is off. Of several lines the last
counts. Real files hold bare keys, too, without `=`; what cPanel makes of a bare one is not known.
cPanel's own comment in the generated system filter endorses an edit of this file by hand.
"""

from __future__ import annotations

import re
from typing import Optional

from mxverdict.errors import HostError
from mxverdict.i18n.message import Message


class SettingUnknown(HostError):
    """The file does not show whether the delay is on."""

    hint = Message("Save the setting in WHM, Exim Configuration Manager, so that the file holds 0 or 1.")


KEY = "acl_delay_unknown_hosts"
OFF = f"{KEY}=0"

_LINE = re.compile(rb"[ \t]*" + KEY.encode() + rb"[ \t]*(?:=.*|\r?)", re.DOTALL)
_BARE = re.compile(rb"^[ \t]*[^\s=#][^=\n]*$", re.MULTILINE)


def setting_line(content: bytes) -> Optional[str]:
    """The line that counts, without its line end; None when there is none."""
    index = _index(content.split(b"\n"))
    return None if index is None else content.split(b"\n")[index].rstrip(b"\r").decode("latin-1")


def is_on(content: bytes) -> bool:
    """Whether the delay is on after the next buildeximconf. Raises SettingUnknown for a value of another kind
    and for a bare key."""
    line = setting_line(content)
    if line is None:
        return True
    _, has_value, value = line.partition("=")
    if not has_value:
        raise SettingUnknown(
            Message(
                "{setting} has no value in exim.conf.localopts, so the file does not show whether the delay "
                "is on",
                setting=KEY,
            )
        )
    value = value.strip()
    if value == "":
        return False
    try:
        return int(value) != 0
    except ValueError:
        raise SettingUnknown(
            Message(
                "{setting} has the value {value} in exim.conf.localopts, not 0 or 1",
                setting=KEY,
                value=repr(value[:20]),
            )
        ) from None


def has_bare_key(content: bytes) -> bool:
    """Whether some line is a key without `=`."""
    return _BARE.search(content) is not None


def put(content: bytes, line: Optional[str]) -> bytes:
    """The content with that setting line in the place of the one that counts; None takes it away.

    A new line goes to the end; every other byte stays.
    """
    parts = content.split(b"\n")
    index = _index(parts)
    if index is None:
        if line is None:
            return content
        joint = b"" if content.endswith(b"\n") or not content else b"\n"
        return content + joint + line.encode("latin-1") + b"\n"
    if line is None:
        del parts[index]
    else:
        end = b"\r" if parts[index].endswith(b"\r") else b""
        parts[index] = line.encode("latin-1") + end
    return b"\n".join(parts)


def _index(parts: list[bytes]) -> Optional[int]:
    return next((n for n in range(len(parts) - 1, -1, -1) if _LINE.fullmatch(parts[n])), None)
