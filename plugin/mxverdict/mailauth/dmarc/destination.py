"""Where DMARC reports go: the URIs of rua and ruf (RFC 9989 section 4.8, RFC 3986, RFC 6068)."""

from __future__ import annotations

import re

_MAIL = re.compile(
    r"mailto:(?!//)[!-+\--?A-~]+@(?P<domain>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\.?"
    r"(?:\?[!-+\--~]*)?(?:![0-9]+[kmgt]?)?",
    re.IGNORECASE,
)
_OTHER = re.compile(r"(?!mailto:)[a-z][a-z0-9+.-]*:[!-~]+", re.IGNORECASE)


def mail_domain(uri: str) -> str:
    """Return the domain in lower case that a `mailto:` URI sends to; "" for anything else.

    A size limit behind it (`!10m`) is obsolete syntax, which is ignored.
    """
    match = _MAIL.fullmatch(uri)
    return match["domain"].lower() if match else ""


def is_uri(uri: str) -> bool:
    """Whether it is a URI that reports could go to: a mail address, or of any other scheme."""
    return bool(mail_domain(uri)) or _OTHER.fullmatch(uri) is not None
