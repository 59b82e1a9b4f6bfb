"""What a sandbox's server is like beyond what cPanel's own files say. Kept in force over rebuilds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Optional

LOG_SELECTORS = {
    "cPanel's": "+incoming_port +smtp_connection +all_parents +retry_defer +subject +arguments"
    " +received_recipients",
    "all": "+all",
}
"""What cPanel sets, and what its guide tells people to set who look for trouble (docs/facts/whm.md 10)."""


class Settings(NamedTuple):
    """Delays are whole seconds, as Exim takes them; defaults are cPanel's (docs/facts/whm.md 1.1, 1.4,
    1.5)."""

    host: str = "cp1.example.net"
    connect_delay: int = 20
    rcpt_delay: int = 20
    spam_delay: int = 40
    tls: bool = True
    open_relay: bool = False
    catch_all: bool = False
    """True: even local parts with `%`, `!`, `/` or `@` in them belong to a mailbox here."""
    banner: Optional[str] = None
    """First line of the greeting after the code; None: host, Exim version and date as cPanel has it."""
    slow_fail_limit: int = 5
    """Rate of all-failed sessions per hour from which a host is refused at connect."""
    spam_marked: bool = False
    """True: the spam scan marks every message, so the third delay applies."""
    connections_an_hour: int = 0
    """Rate from which a rule that an administrator added refuses a host its connections; 0: no such rule."""
    smtp_accept_max: int = 100
    log_selector: str = LOG_SELECTORS["cPanel's"]
    negation: str = "list"
    """The hosts exempt from the delay: one negated `list`, as cPanel has it, or a negation on `each` item."""
    helo_checked_at: str = "mail"
    """In which ACL the rules on EHLO names stand: `mail`, or `helo`, where an administrator may put them."""
    callout_seconds: int = 60
    """Patience of a sender verification callout, when callouts are on."""
    perl_startup: int = 0
    """CPU time, in milliseconds, that Exim's own Perl takes to load; 0: no Perl (docs/facts/whm.md 1.6)."""

    def changed(self, **changes: object) -> Settings:
        """A copy with some values replaced. ValueError or TypeError for a name that does not exist."""
        return self._replace(**changes)  # type: ignore[arg-type]

    def save(self, root: Path) -> None:
        _file(root).write_text(json.dumps(self._asdict(), indent=1) + "\n")

    @classmethod
    def load(cls, root: Path) -> Settings:
        return cls(**json.loads(_file(root).read_text()))


def _file(root: Path) -> Path:
    return root / "sandbox/settings.json"
