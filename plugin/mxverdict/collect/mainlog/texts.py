"""What the texts in Exim's log mean that Exim itself or cPanel's ACLs and routers write: data, each row with
where the text is from and when it was seen. A text is known by its beginning; what follows may come from a
visitor or from another host.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

_MEASURED = "Exim 4.96 (verify.c, the routers and the callout), measured 2026-11-25"
_CPANEL = (
    "cPanel's ACLs and routers, their log lines in public posts, read 2026-11-29 (facts: whm.md 10, 12.2)"
)
_EXIM = "Exim 4.96, its default ACLs and routers, measured 2026-11-25"
_MOST = 100
"""Characters that are looked at."""


class Text(NamedTuple):
    """A text that begins so. `means` is one of `evidence.traffic.CAUSES` or of `Visit.refused`."""

    beginning: str
    means: str
    source: str


UNVERIFIED = (
    Text("Unrouteable address", "domain", _MEASURED),
    Text("Unknown user", "domain", _MEASURED),
    Text("all relevant MX records point to non-existent hosts", "domain", _MEASURED),
    Text("an MX or SRV record indicated no SMTP service", "domain", _MEASURED),
    Text("all host address lookups failed permanently", "domain", _MEASURED),
    Text("The mail server could not deliver mail to ", "domain", _CPANEL),
    Text("The mail server does not recognize ", "domain", _CPANEL),
    Text("No Such User Here", "domain", _CPANEL),
    Text("host lookup did not complete", "lookup", _MEASURED),
    Text("lowest numbered MX record points to local host", "loop", _MEASURED),
    Text("remote host address is the local host", "loop", _MEASURED),
    Text("retry timeout exceeded", "unreachable", _MEASURED),
    Text("retry time not reached", "unreachable", _MEASURED),
    Text("SMTP timeout", "timeout", _MEASURED),
    Text("Connection timed out", "timeout", _MEASURED),
    Text("SMTP connection timed out", "timeout", _MEASURED),
    Text("Connection refused", "unreachable", _MEASURED),
    Text("No route to host", "unreachable", _MEASURED),
    Text("Network is unreachable", "unreachable", _MEASURED),
    Text("Network unreachable", "unreachable", _MEASURED),
    Text("Connection reset", "unreachable", _MEASURED),
    Text("Remote host closed connection", "unreachable", _MEASURED),
)
"""Why a sender did not verify."""

REFUSED = (
    Text("Rejected relay attempt", "relay", _CPANEL),
    Text("relay not permitted", "relay", _EXIM),
    Text("Deferred due to greylisting", "greylisting", _CPANEL),
    Text("Host is ratelimited", "rate_limit", _CPANEL),
    Text("Sender verify failed", "sender", _MEASURED),
    Text("Could not complete sender verify", "sender", _MEASURED),
    Text("No Such User Here", "recipient", _CPANEL),
    Text("No such person", "recipient", _CPANEL),
    Text("Unrouteable address", "recipient", _EXIM),
    Text("Unknown user", "recipient", _EXIM),
    Text("User unknown", "recipient", _EXIM),
)
"""Why a visitor was refused something."""


def meaning(texts: tuple[Text, ...], said: str) -> Optional[str]:
    """What the first row that `said` begins with means, without regard to case or a quotation mark."""
    said = said[:_MOST].lstrip('"').lower()
    return next((text.means for text in texts if said.startswith(text.beginning.lower())), None)
