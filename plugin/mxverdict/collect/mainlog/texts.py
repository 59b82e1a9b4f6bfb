"""What the texts in Exim's log mean that Exim itself or cPanel's ACLs and routers write: data, each row with
where the text is from and when it was seen. A text is known by its beginning; what follows may come from a
visitor or from another host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

_MEASURED = "Exim 4.96 (verify.c, the routers and the callout), measured 2026-11-25"
_CPANEL = "cPanel's ACLs and routers, their log lines in public posts, read 2026-11-29 (docs/facts/whm.md 10)"
_EXIM = "Exim 4.96, its default ACLs and routers, measured 2026-11-25"
_MAX_TEXT = 100
"""Characters that are looked at."""


@dataclass(frozen=True)
class Text:
    """A text that begins so (in lower case). `means`: one of `evidence.traffic.CAUSES` or `Visit.refused`."""

    beginning: str
    means: str
    source: str


UNVERIFIED = (
    Text("unrouteable address", "domain", _MEASURED),
    Text("unknown user", "domain", _MEASURED),
    Text("all relevant mx records point to non-existent hosts", "domain", _MEASURED),
    Text("an mx or srv record indicated no smtp service", "domain", _MEASURED),
    Text("all host address lookups failed permanently", "domain", _MEASURED),
    Text("the mail server could not deliver mail to ", "domain", _CPANEL),
    Text("the mail server does not recognize ", "domain", _CPANEL),
    Text("no such user here", "domain", _CPANEL),
    Text("host lookup did not complete", "lookup", _MEASURED),
    Text("lowest numbered mx record points to local host", "loop", _MEASURED),
    Text("remote host address is the local host", "loop", _MEASURED),
    Text("retry timeout exceeded", "unreachable", _MEASURED),
    Text("retry time not reached", "unreachable", _MEASURED),
    Text("smtp timeout", "timeout", _MEASURED),
    Text("connection timed out", "timeout", _MEASURED),
    Text("smtp connection timed out", "timeout", _MEASURED),
    Text("connection refused", "unreachable", _MEASURED),
    Text("no route to host", "unreachable", _MEASURED),
    Text("network is unreachable", "unreachable", _MEASURED),
    Text("network unreachable", "unreachable", _MEASURED),
    Text("connection reset", "unreachable", _MEASURED),
    Text("remote host closed connection", "unreachable", _MEASURED),
)
"""Why a sender did not verify."""

REFUSED = (
    Text("rejected relay attempt", "relay", _CPANEL),
    Text("relay not permitted", "relay", _EXIM),
    Text("deferred due to greylisting", "greylisting", _CPANEL),
    Text("host is ratelimited", "rate_limit", _CPANEL),
    Text("sender verify failed", "sender", _MEASURED),
    Text("could not complete sender verify", "sender", _MEASURED),
    Text("no such user here", "recipient", _CPANEL),
    Text("no such person", "recipient", _CPANEL),
    Text("unrouteable address", "recipient", _EXIM),
    Text("unknown user", "recipient", _EXIM),
    Text("user unknown", "recipient", _EXIM),
)
"""Why a visitor was refused something."""


def meaning(texts: tuple[Text, ...], said: str) -> Optional[str]:
    """What the first row that `said` begins with means, without regard to case or a quotation mark."""
    said = said[:_MAX_TEXT].lstrip('"').lower()
    return next((text.means for text in texts if said.startswith(text.beginning)), None)
