"""Why a sender address did not verify, from Exim's words.

The texts are those of Exim 4.96 (verify.c, the routers and the callout), measured. What the sender's mail
host answered follows Exim's words and is never looked at but for the reply code at its fixed place.
"""

from __future__ import annotations

import re

_CALLOUT = "Could not complete sender verify callout"
_HOST = re.compile(r"(?:could not connect to )?\S{1,255} \[[0-9A-Fa-f:.]{2,45}\](?::\d+)? ?: ")
_ANSWER = re.compile(
    r"(?:SMTP error from remote mail server after [^:]{1,40}(?::<[^>]*>)?"
    r"|response to \"[^\"]*\"(?: from [^:]*)? was): (?P<code>[245])\d\d"
)
_BEGINNINGS = (
    ("Unrouteable address", "domain"),
    ("Unknown user", "domain"),
    ("all relevant MX records point to non-existent hosts", "domain"),
    ("an MX or SRV record indicated no SMTP service", "domain"),
    ("all host address lookups failed permanently", "domain"),
    ("host lookup did not complete", "lookup"),
    ("lowest numbered MX record points to local host", "loop"),
    ("remote host address is the local host", "loop"),
    ("retry timeout exceeded", "unreachable"),
    ("retry time not reached", "unreachable"),
    ("SMTP timeout", "timeout"),
    ("Connection timed out", "timeout"),
    ("SMTP connection timed out", "timeout"),
    ("Connection refused", "unreachable"),
    ("No route to host", "unreachable"),
    ("Network is unreachable", "unreachable"),
    ("Network unreachable", "unreachable"),
    ("Connection reset", "unreachable"),
    ("Remote host closed connection", "unreachable"),
    ("remote host closed connection", "unreachable"),
)


def cause_of(how: str, text: str) -> str:
    """One of `evidence.traffic.CAUSES`, from `fail` or `defer` and the text after the sender's address."""
    callout = text.startswith(_CALLOUT)
    rest = text[len(_CALLOUT) :].lstrip(": ") if callout else text
    if not text and how == "fail":
        return "rejected"  # the answer to an earlier callout, which Exim remembers
    host = _HOST.match(rest)
    if host is not None:
        rest = rest[host.end() :]
    answer = _ANSWER.match(rest)
    if answer is not None:
        return "rejected" if answer["code"] == "5" else "deferred"
    known = next((cause for beginning, cause in _BEGINNINGS if rest.startswith(beginning)), "")
    return known or ("timeout" if callout and not rest else "other")
