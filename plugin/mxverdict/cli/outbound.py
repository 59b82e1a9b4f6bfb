"""`mxverdict outbound`: does mail from this server get out, and how far does it get at a domain's mail
hosts?"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from mxverdict.cli.common import (
    close_expired_quietly,
    command,
    console,
    exit_on_interrupt,
    print_json,
    progress,
    root_host,
    seconds,
)
from mxverdict.errors import UsageError
from mxverdict.net import mailbox, target

if TYPE_CHECKING:
    from mxverdict.collect.outbound import OutboundRequest
    from mxverdict.collect.server import Server
    from mxverdict.evidence.outbound import Source
    from mxverdict.host import Host

_BUDGET = 60.0
"""Seconds for the whole, unless --timeout asks for more patience."""
_SOURCES_LIMIT = 8


def register(commands: Any) -> None:
    outbound = command(
        commands,
        "outbound",
        _outbound,
        "how far mail from this server gets at a domain's mail hosts, step by step",
    )
    outbound.add_argument(
        "domain",
        nargs="?",
        default="",
        metavar="DOMAIN",
        help="domain or mail address (default: only whether well-known receivers can be reached at all)",
    )
    outbound.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="the sender (default: postmaster of this server)"
    )
    outbound.add_argument("--to", metavar="ADDRESS", help="the recipient (default: postmaster of DOMAIN)")
    outbound.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="IP",
        help="connect from this address of the server (may be repeated; default: all that mail leaves from)",
    )
    action = outbound.add_mutually_exclusive_group()
    action.add_argument(
        "--send", action="store_true", help="deliver a test message to the first mail host that accepts"
    )
    action.add_argument(
        "--callback",
        action="store_true",
        help="ask as sender verification does: empty sender, and DOMAIN's address as recipient",
    )
    outbound.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=30.0,
        help="patience with each reply (default: 30)",
    )


def _outbound(options: argparse.Namespace) -> int:
    from mxverdict.collect.outbound import read_outbound
    from mxverdict.collect.progress import Progress
    from mxverdict.collect.server import exim_facts, read_server
    from mxverdict.collect.smtp_attempt import Limits
    from mxverdict.judge.outbound.report import judge_outbound
    from mxverdict.report.outbound import outbound_json, print_outbound
    from mxverdict.whm.api import LocalWhmApi

    _check_options(options)
    host = root_host()
    close_expired_quietly(host)
    exit_on_interrupt()
    server = read_server(host, LocalWhmApi(host))
    hostname = server.hostname or exim_facts(host).hostname
    question = _question(options, hostname)
    deadline = time.monotonic() + max(_BUDGET, 4 * options.timeout)
    sources = _sources(options.source, host, server, hostname, deadline)
    own = frozenset(a for target in server.targets for a in (target.address, target.local_address))
    limits = Limits(deadline, options.timeout, own)
    evidence = read_outbound(question, sources, hostname, limits, Progress(progress))
    report = judge_outbound(evidence)
    if options.json:
        print_json(outbound_json(evidence, report))
    else:
        print_outbound(evidence, report, console())
    return report.exit_status


def _check_options(options: argparse.Namespace) -> None:
    if not options.domain and (options.send or options.callback or options.to or options.sender):
        raise UsageError("--from, --to, --send and --callback need a DOMAIN")
    if options.callback and options.sender:
        raise UsageError("--callback asks with the empty sender; leave --from out")
    if options.callback and "@" not in options.domain and not options.to:
        raise UsageError("name the sender address that is to be called back, as in info@example.com")


def _question(options: argparse.Namespace, hostname: str) -> OutboundRequest:
    from mxverdict.collect.outbound import OutboundRequest

    if not options.domain:
        return OutboundRequest("", "reach")
    named = options.to or (options.domain if "@" in options.domain else "")
    domain = target.parse_target(options.domain.rpartition("@")[2])
    if not _is_name(domain):
        raise UsageError(f"{domain} is an address; name a domain")
    recipient = mailbox.parse_mailbox(named or f"postmaster@{domain}")
    if options.callback:
        return OutboundRequest(domain, "callback", "", recipient, True)
    sender = mailbox.parse_mailbox(options.sender or f"postmaster@{hostname}")
    return OutboundRequest(domain, "mail", sender, recipient, bool(named), options.send)


def _is_name(text: str) -> bool:
    return not text.replace(".", "").isdigit() and ":" not in text


def _sources(
    named: list[str], host: Host, server: Server, hostname: str, deadline: float
) -> tuple[Source, ...]:
    """The named addresses, or those that Exim sends from. Raises UsageError for one that is not here."""
    from mxverdict.collect.outgoing import read_outgoing
    from mxverdict.collect.server import is_local
    from mxverdict.evidence.outbound import Source

    outgoing = read_outgoing(host, server.targets, deadline)
    if not named:
        found = [Source(one.local_address, one.helo or hostname) for one in outgoing if one.here]
        return tuple(dict.fromkeys(found))[:_SOURCES_LIMIT] or (Source("", hostname),)
    names = {one.local_address: one.helo for one in reversed(outgoing) if one.helo}
    chosen = []
    for text in named:
        address = target.parse_target(text)
        if _is_name(address):
            raise UsageError(f"{text[:60]!r} is no IP address")
        if not is_local(address):
            raise UsageError(f"{address} is not an address of this server")
        chosen.append(Source(address, names.get(address, hostname)))
    return tuple(dict.fromkeys(chosen))
