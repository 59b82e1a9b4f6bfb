"""Mail addresses as a user names them, fit to stand in an SMTP command."""

from __future__ import annotations

import re

from mxverdict.errors import UsageError
from mxverdict.i18n.message import Message
from mxverdict.net import target
from mxverdict.net.address import is_address

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LOCAL_PART_LIMIT = 64
"""Octets (RFC 5321 section 4.5.3.1.1)."""


def parse_mailbox(text: str) -> str:
    """`local@domain` with the domain in lower case and encoded for DNS. The local part is a dot-string of
    RFC 5321 section 4.1.2: no quotes, no spaces, nothing that could end a command. Raises UsageError."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > _LOCAL_PART_LIMIT or not _LOCAL_PART.fullmatch(local):
        raise UsageError(Message("{text} is no mail address", text=repr(text[:80])))
    name = target.parse_target(domain)
    if is_address(name):
        raise UsageError(Message("{text} is no mail address at a domain", text=repr(text[:80])))
    return f"{local}@{name}"
