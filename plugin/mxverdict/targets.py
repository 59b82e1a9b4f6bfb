"""What a user names to be checked: a domain, a host name or an address."""

from __future__ import annotations

import contextlib
import ipaddress
import re

from mxverdict.errors import UsageError

_MOST = 253
"""Characters of a domain name (RFC 1035 section 2.3.4, less the length octets at both ends)."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def parse(text: str) -> str:
    """The name in lower case, encoded for DNS (RFC 3490), without a final dot; or the address in its usual
    spelling. Raises UsageError when it is neither."""
    cleaned = text.strip().rstrip(".").lower()
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(cleaned.strip("[]"))
        if "%" not in cleaned:  # a zone may hold anything (RFC 4007 section 11)
            return str(address)
    try:
        name = cleaned.encode("idna").decode() if len(cleaned) <= _MOST else ""
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if len(name) > _MOST or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UsageError(f"{text[:80]!r} is no domain, host name or address")
    return name
