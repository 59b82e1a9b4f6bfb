"""Evidence made by hand, for tests of the judgement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from mxverdict import testers
from mxverdict.evidence import (
    DelayState,
    Evidence,
    Forward,
    Preview,
    PreviewStage,
    Probe,
    ProbeStage,
    Reply,
    ReverseDns,
    Target,
    Tls,
)

SERVER = "203.0.113.10"
HOSTNAME = "cp1.example.net"
BANNER = Reply(220, (f"{HOSTNAME} ESMTP Exim 4.99.1 #2 Mon, 23 Nov 2026 10:00:00 +0000", " no bulk e-mail."))
EHLO = Reply(250, (f"{HOSTNAME} Hello", "SIZE 52428800", "PIPELINING", "STARTTLS", "HELP"))
OK = Reply(250, ("OK",))
REFUSED = Reply(550, ("Rejected relay attempt",))

MXTOOLBOX = testers.load().tester("mxtoolbox")


def preview(
    *,
    connect: int = 0,
    rcpt: int = 0,
    replies: Optional[dict[str, Reply]] = None,
    address: str = "18.209.86.113",
    tester: testers.Tester = MXTOOLBOX,
    elapsed: float = 0.02,
    failure: str = "",
    stages: int = 4,
) -> Preview:
    said = {"connect": BANNER, "ehlo": EHLO, "mail": OK, "rcpt": REFUSED, **(replies or {})}
    delays = {"connect": connect, "rcpt": rcpt}
    script = (("connect", ""), *tester.commands(address))[:stages]
    reached = []
    for name, command in script:
        delay = delays.get(name, 0)
        by = (f"ACL acl_smtp_{name}, /etc/exim.conf 24",) if delay else ()
        reached.append(PreviewStage(name, command, said[name], delay, elapsed, by))
        if not said[name].positive:
            break
    commands = tuple(command for _, command in tester.commands(address))
    return Preview(address, SERVER, commands, tuple(reached), failure, "why it failed" if failure else "")


def probe(*, tls: Optional[Tls] = None, ehlo: Reply = EHLO, failure: str = "") -> Probe:
    if failure:
        return Probe(SERVER, (ProbeStage("connect", "", None, 45.0),), None, failure)
    stages = (ProbeStage("connect", "", BANNER, 0.01), ProbeStage("ehlo", "EHLO x", ehlo, 0.01))
    good = Tls(True, "TLSv1.3", True, True, (HOSTNAME,), 1_900_000_000)
    return Probe(SERVER, stages, tls or (good if ehlo.offers("STARTTLS") else None))


def reverse(*names: str, back: bool = True, error: str = "") -> ReverseDns:
    forwards = tuple(Forward(name, (SERVER,) if back else ("203.0.113.99",)) for name in names)
    return ReverseDns(SERVER, names, forwards, error)


def evidence(**changes: Any) -> Evidence:
    """A healthy server with the delay on, as MXToolbox meets it."""
    usual = Evidence(
        version="0",
        taken_at=1_795_000_000.0,
        hostname=HOSTNAME,
        exim_version="4.99.1",
        testers=("mxtoolbox",),
        targets=(Target(SERVER, SERVER),),
        previews=(preview(connect=20, rcpt=20),),
        probes=(probe(),),
        reverse_dns=(reverse(HOSTNAME),),
        settings=DelayState(delay_setting=True, delay_stanzas=3, greylisting=False),
    )
    return replace(usual, **changes)
