"""Why a sender address did not verify, from Exim's words.

The texts are those of `texts.UNVERIFIED`. What the sender's mail host answered follows Exim's words and is
never looked at but for the reply code at its fixed place.
"""

from __future__ import annotations

import re

from mxverdict.collect.mainlog.texts import UNVERIFIED, meaning

_CALLOUT = "Could not complete sender verify callout"
_HOST = re.compile(r"(?:could not connect to )?\S{1,255} \[[0-9A-Fa-f:.]{2,45}\](?::\d+)? ?: ")
_ANSWER = re.compile(
    r"(?:SMTP error from remote mail server after [^:]{1,40}(?::<[^>]*>)?"
    r"|response to \"[^\"]*\"(?: from [^:]*)? was): (?P<code>[245])\d\d"
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
    return meaning(UNVERIFIED, rest) or ("timeout" if callout and not rest else "other")
