"""Switches of Exim's in /etc/exim.conf.localopts, one `key=value` a line, as buildeximconf reads them.

No such line: the default, which is on for the delay. An empty value: off. Otherwise the number: 0 is off. Of
several lines the last counts. Real files hold bare keys, too, without `=`; what cPanel makes of a bare one is
not known.
cPanel's own comment in the generated system filter endorses an edit of this file by hand.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple, Optional

from mxverdict.errors import HostError
from mxverdict.i18n.message import Message


class SettingUnknown(HostError):
    """The file does not show whether the delay is on."""

    hint = Message("Save the setting in WHM, Exim Configuration Manager, so that the file holds 0 or 1.")


class Setting(NamedTuple):
    """A switch of the file; `default` is what a file without it means (docs/facts/whm.md 1.3, 3.1)."""

    key: str
    default: bool

    def line(self, on: bool) -> str:
        return f"{self.key}={int(on)}"


DELAY = Setting("acl_delay_unknown_hosts", True)
COMMON_PROVIDERS = Setting("acl_dont_delay_greylisting_common_mail_providers", False)
KEY = DELAY.key
OFF = DELAY.line(False)

_BARE = re.compile(rb"^[ \t]*[^\s=#][^=\n]*$", re.MULTILINE)


def setting_line(content: bytes, setting: Setting = DELAY) -> Optional[str]:
    """The line that counts, without its line end; None when there is none."""
    index = _index(content.split(b"\n"), setting.key)
    return None if index is None else content.split(b"\n")[index].rstrip(b"\r").decode("latin-1")


def is_on(content: bytes, setting: Setting = DELAY) -> bool:
    """Whether the switch is on after the next buildeximconf. Raises SettingUnknown for a value of another
    kind and for a bare key."""
    line = setting_line(content, setting)
    if line is None:
        return setting.default
    _, has_value, value = line.partition("=")
    if not has_value:
        raise SettingUnknown(
            Message(
                "{setting} has no value in exim.conf.localopts, so the file does not show whether the delay "
                "is on",
                setting=setting.key,
            )
            if setting == DELAY
            else Message(
                "{setting} has no value in exim.conf.localopts, so the file does not show whether it is on",
                setting=setting.key,
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
                setting=setting.key,
                value=repr(value[:20]),
            )
        ) from None


def has_bare_key(content: bytes) -> bool:
    """Whether some line is a key without `=`."""
    return _BARE.search(content) is not None


def put(content: bytes, line: Optional[str], setting: Setting = DELAY) -> bytes:
    """The content with that setting line in the place of the one that counts; None takes it away.

    A new line goes to the end; every other byte stays.
    """
    parts = content.split(b"\n")
    index = _index(parts, setting.key)
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


def _index(parts: list[bytes], key: str) -> Optional[int]:
    line = _line_of(key)
    return next((n for n in range(len(parts) - 1, -1, -1) if line.fullmatch(parts[n])), None)


@cache
def _line_of(key: str) -> re.Pattern[bytes]:
    return re.compile(rb"[ \t]*" + re.escape(key).encode() + rb"[ \t]*(?:=.*|\r?)", re.DOTALL)
