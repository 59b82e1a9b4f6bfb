"""The open relay test: what Exim would answer a stranger who wants mail passed on to another server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.smtp import Reply


@dataclass(frozen=True)
class RelayProbe:
    """One variant of the envelope, played to Exim (`exim -bh`) from `source` to port 25 of `local_address`.

    `name` says which variant it is. `stage` is how far it came (`connect`, `ehlo`, `mail`, `rcpt`), `reply`
    the answer there, `log` what Exim would have logged about it and `statement` where in its configuration
    the ACL statement is that decided. When RCPT was accepted, `routed` says where Exim would take the
    recipient (`exim -bt`): `remote` (to the foreign recipient: it relays), `local` (anywhere else: a mailbox,
    a catch-all, a forwarder), `nowhere` or `unknown`; `routing` holds Exim's own lines. `unverified` says
    that the refusal came before the relay check: `sender` when Exim could not verify the sender, `recipient`
    when the foreign recipient has no route from here. `error` is "" or why there was no answer.
    """

    name: str
    local_address: str
    source: str
    helo: str
    sender: str
    recipient: str
    stage: str
    reply: Optional[Reply]
    log: tuple[str, ...] = ()
    statement: str = ""
    routed: str = ""
    routing: tuple[str, ...] = ()
    error: str = ""
    unverified: str = ""

    @property
    def accepted(self) -> bool:
        return self.stage == "rcpt" and self.reply is not None and 200 <= self.reply.code < 300
