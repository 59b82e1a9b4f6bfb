"""Would this server pass on mail of strangers? Asked by simulated sessions, one for each form of envelope.

No message is ever sent, and nothing reaches anybody: `exim -bh` answers as it would answer an unknown host,
and `exim -bt` says where an accepted recipient would go. The variants are those that testers have
always tried (source routes: RFC 5321 appendix C; the percent hack: RFC 1123 section 5.2.16).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mxverdict.collect.exim_sessions import MAX_SESSIONS, EximSessions, NoTimeLeft
from mxverdict.errors import CommandNotFoundError, HostError
from mxverdict.evidence import Preview
from mxverdict.evidence.relay import RelayProbe
from mxverdict.i18n.message import Message, message_of
from mxverdict.testers import UNKNOWN_HOSTS

_STATEMENT = re.compile(r'processing (?:(?:inline )?ACL (?:\S+ )?)?"\w+" \(([^)\n]{1,200})\)')
_VERIFIED = re.compile(r"check !?verify = (sender|recipient)\b")
_DECIDED = re.compile(
    r"\b(?:(accept|deny|drop|defer|discard)(?=: condition test succeeded)"
    r"|require(?=: condition test failed)|\w+(?=: condition test deferred))"
    r": condition test \w+ in (?:inline )?ACL(?! \"?\w*notquit)"
)


def variants(
    local_address: str, own_domain: str, hostname: str, foreign: str, helo: str
) -> tuple[tuple[str, str, str, str], ...]:
    """Each variant as (name, EHLO name, sender, recipient). `foreign` is an address elsewhere; its domain has
    a route, so that nothing but the relay check can refuse it."""
    user, _, domain = foreign.rpartition("@")
    literal = f"[IPv6:{local_address}]" if ":" in local_address else f"[{local_address}]"
    stranger = f"stranger@{domain}"
    return (
        (Message("foreign sender, foreign recipient"), helo, stranger, foreign),
        (Message("empty sender"), helo, "", foreign),
        (Message("sender at a domain of this server"), helo, f"postmaster@{own_domain}", foreign),
        (Message("sender at this server's name"), helo, f"postmaster@{hostname}", foreign),
        (Message("sender at this server's address"), helo, f"postmaster@{literal}", foreign),
        (Message("sender without a domain"), helo, "postmaster", foreign),
        (Message("introduced by this server's own name"), hostname, stranger, foreign),
        (Message("percent hack"), helo, stranger, f"{user}%{domain}@{own_domain}"),
        (Message("percent hack at this server's name"), helo, stranger, f"{user}%{domain}@{hostname}"),
        (Message("percent hack at this server's address"), helo, stranger, f"{user}%{domain}@{literal}"),
        (Message("quoted address"), helo, stranger, f'"{foreign}"@{own_domain}'),
        (Message("quoted address without a domain"), helo, stranger, f'"{foreign}"'),
        (Message("two at signs"), helo, stranger, f"{foreign}@{own_domain}"),
        (Message("bang path"), helo, stranger, f"{domain}!{user}@{own_domain}"),
        (Message("bang path without a domain"), helo, stranger, f"{domain}!{user}"),
        (Message("source route"), helo, stranger, f"@{own_domain}:{foreign}"),
        (Message("foreign address literal"), helo, stranger, _literal(foreign)),
    )


def read_relay(
    sessions: EximSessions,
    local_addresses: Sequence[str],
    own_domain: str,
    hostname: str,
    foreign: str,
    helo: str,
    deadline: float,
) -> tuple[RelayProbe, ...]:
    """Play every variant at the first of `local_addresses` and the plain one at each other.

    `own_domain` is a domain whose mail this server takes, `foreign` a mail address elsewhere, `helo` the name
    of the stranger. `deadline` is a value of `time.monotonic()`; what was not played by then says so in
    `error`. Raises CommandNotFoundError.
    """
    jobs = []
    for number, address in enumerate(local_addresses):
        found = variants(address, own_domain, hostname, foreign, helo)
        jobs += [(address, variant) for variant in (found if number == 0 else found[:1])]
    with ThreadPoolExecutor(MAX_SESSIONS) as pool:
        return tuple(pool.map(lambda job: _play(sessions, job[0], job[1], foreign, deadline), jobs))


def _play(
    sessions: EximSessions,
    local_address: str,
    variant: tuple[str, str, str, str],
    foreign: str,
    deadline: float,
) -> RelayProbe:
    name, helo, sender, recipient = variant
    source = UNKNOWN_HOSTS[6 if ":" in local_address else 4]
    test = RelayProbe(name, local_address, source, helo, sender, recipient, "connect", None)
    commands = (
        ("ehlo", f"EHLO {helo}"),
        ("mail", f"MAIL FROM:<{sender}>"),
        ("rcpt", f"RCPT TO:<{recipient}>"),
    )
    try:
        test = _judged(test, sessions.play(source, local_address, commands, deadline), foreign)
    except NoTimeLeft:
        return replace(test, error=Message("the time was up before it was tried"))
    return _routed(sessions, test, foreign, deadline) if test.accepted else test


def _judged(test: RelayProbe, seen: Preview, foreign: str) -> RelayProbe:
    if not seen.stages:
        return replace(test, error=seen.detail or Message("Exim gave no answer"))
    last = seen.stages[-1]
    answered = last.reply is not None and (last.name == "rcpt" or not last.reply.positive)
    accepted = last.reply is not None and last.reply.positive
    statement, unverified = decision(seen.raw, accepted) if answered else ("", "")
    if unverified == "recipient" and _final(test.recipient) != foreign:
        unverified = ""  # no such mailbox here: refused whoever asks
    return replace(
        test,
        stage=last.name,
        reply=last.reply,
        log=last.log,
        statement=statement,
        error="" if answered else seen.detail or Message("Exim gave no answer"),
        unverified=unverified,
    )


def decision(trace: str, accepted: bool) -> tuple[str, str]:
    """File and line of the last ACL statement that decided so (the ACL for lost connections comes after it),
    and whose verification failed in it: `sender`, `recipient` or "". Both are "" when no ACL refused."""
    statement = failed = ""
    decided = "", ""
    for line in trace.splitlines():
        if match := _STATEMENT.search(line):
            statement, failed = match[1], ""
        elif match := _VERIFIED.search(line):
            failed = match[1]
        elif (match := _DECIDED.search(line)) and (match[1] == "accept") == accepted:
            decided = statement, "" if accepted else failed
    return decided


def _final(recipient: str) -> str:
    """The address a recipient means: Exim itself drops a source route."""
    return recipient.partition(":")[2] if recipient.startswith("@") else recipient


def _routed(sessions: EximSessions, test: RelayProbe, foreign: str, deadline: float) -> RelayProbe:
    """Where Exim would take the accepted recipient."""
    try:
        with sessions.turn(deadline) as turn:
            done = sessions.host.run(
                [sessions.host.exim, "-bt", _final(test.recipient)], timeout=turn.timeout
            )
    except CommandNotFoundError:
        raise
    except NoTimeLeft:
        return replace(test, routed="unknown", routing=(Message("the time was up before it was tried"),))
    except HostError as error:
        return replace(test, routed="unknown", routing=(message_of(error),))
    lines = [line.rstrip() for line in done.stdout.splitlines() if line.strip()][:20]
    return replace(test, routed=destination(lines, (foreign, _literal(foreign))), routing=tuple(lines))


def _literal(foreign: str) -> str:
    return f"{foreign.rpartition('@')[0]}@[{UNKNOWN_HOSTS[4]}]"


def destination(lines: Sequence[str], foreign: Sequence[str]) -> str:
    """`exim -bt` prints each final address at the margin, or "… is undeliverable", and indented below it its
    router and the hosts it would go to (Exim specification, option -bt)."""
    final: list[str] = []
    nowhere = False
    for line in lines:
        if not line[0].isspace():
            final.append(line.split(" ")[0].rstrip(":").lower())
            nowhere = nowhere or "undeliverable" in line or "cannot be resolved" in line
        elif "router =" in line and final and final[-1] in foreign:
            return "remote"
    if any("router =" in line for line in lines):
        return "local"
    return "nowhere" if nowhere else "unknown"
