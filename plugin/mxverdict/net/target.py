"""What a user names to be checked: a domain, a host name or an address."""

from __future__ import annotations

import contextlib
import ipaddress
import re

from mxverdict.errors import UsageError
from mxverdict.i18n.message import Message

_MAX_LENGTH = 253
"""Characters of a domain name (RFC 1035 section 2.3.4, less the length octets at both ends)."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def parse_target(text: str) -> str:
    """The name in lower case, encoded for DNS (RFC 5891), without a final dot; or the address in its usual
    spelling, also from a literal as in mail addresses (RFC 5321 section 4.1.3). Raises UsageError when it is
    neither."""
    cleaned = text.strip().rstrip(".").lower()
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(cleaned.strip("[]").removeprefix("ipv6:"))
        if "%" not in cleaned:  # a zone may hold anything (RFC 4007 section 11)
            return str(address)
    name = _encoded(cleaned) if len(cleaned) <= _MAX_LENGTH else ""
    labels = name.split(".")
    if len(name) > _MAX_LENGTH or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UsageError(Message("{target} is no domain, host name or address", target=repr(text[:80])))
    return name


def _encoded(name: str) -> str:
    """As registries have it since 2008, when "ß" became a letter of its own; a name that only the older rules
    (RFC 3490) allow, by those. Empty when neither do."""
    if name.isascii():
        return name
    with contextlib.suppress(UnicodeError):
        import idna

        return idna.encode(name, uts46=True).decode()
    with contextlib.suppress(UnicodeError):
        return name.encode("idna").decode()
    return ""
