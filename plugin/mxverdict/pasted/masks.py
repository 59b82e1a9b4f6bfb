"""Names and addresses that somebody made unreadable before pasting: `x.x.x.x`, `mail.***.example`,
`[REDACTED]`."""

from __future__ import annotations

import re

_PART = r"(?:\d{1,3}|[xXyYnN]{1,3}|[*#?]{1,4})"
_ADDRESS = re.compile(rf"{_PART}(?:\.{_PART}){{3}}")
_STARS = re.compile(r"[*#█▇▒░•]{3,64}|[xX]{3,64}")
_LABEL = re.compile(r"[*#█▇▒░]{1,64}|[xX]{3,64}|redacted|removed|masked|hidden|censored", re.IGNORECASE)
_WORD = re.compile(
    r"[\[<({](?:redacted|removed|masked|hidden|censored|(?:(?:my|our|your|the|server|mail)[-_ ]?)?"
    r"(?:ip|host|hostname|domain|server)(?:[-_ ]?(?:address|name|addr))?)[\])}>]|redacted",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"[*#█▇▒░•?\[<({]|[xXyYnN](?:[xXyYnN]|\.|\Z)|\.[xXyYnN]\b|redacted|removed|masked|hidden|censored", re.I
)
"""Without one of these a word is not masked."""
_AROUND = "\"'`_~,;:!·…"


def is_masked(raw: str) -> bool:
    """Whether a word replaces a name or an address. Linear in its length."""
    if not _SIGN.search(raw):
        return False
    word = raw.strip(_AROUND).rstrip(".")
    if not 3 <= len(word) <= 253:
        return False
    if _WORD.fullmatch(word) or _STARS.fullmatch(word):
        return True
    if _ADDRESS.fullmatch(word):
        return not word.replace(".", "").isdigit()
    labels = word.split(".")
    return (
        len(labels) > 1 and any(_LABEL.fullmatch(label) for label in labels) and all(map(_is_label, labels))
    )


def _is_label(label: str) -> bool:
    return bool(label) and all(sign.isalnum() or sign in "-_*#█▇▒░" for sign in label)
