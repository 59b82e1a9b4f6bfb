"""How mail leaves the server: source address and HELO name for each sender domain, as cPanel sets them up.

cPanel's `remote_smtp` transports take both from `/etc/mailips` and `/etc/mailhelo`, whichever of them is not
empty: the line of the sender's domain, else the line `*`; without one, the kernel's choice of address and
Exim's `primary_hostname` (cPanel documentation, "How to Configure the Exim Outgoing IP Address"). The
settings `custom_mailips` and `custom_mailhelo` do not switch that on or off: they keep `updateuserdomains`
from writing the files itself ("Exim Configuration Manager, Basic Editor", Domains and IPs).
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from mxverdict.collect.exim_perl import late_perl
from mxverdict.collect.lsearch import read_pairs
from mxverdict.collect.resolver import lookup, reverse_all
from mxverdict.collect.server import is_local
from mxverdict.errors import HostError
from mxverdict.evidence import Forward, ReverseDns, Target
from mxverdict.evidence.outgoing import Outgoing
from mxverdict.fs.read import read_regular
from mxverdict.host import Host
from mxverdict.i18n.message import Message, message_of
from mxverdict.net.address import Address

_EXIM_TIMEOUT = 10.0
_SOMEWHERE = {4: "198.41.0.4", 6: "2001:503:ba3e::2:30"}
"""a.root-servers.net: the route there is the route to the Internet; nothing is sent to it."""


@dataclass(frozen=True)
class _File:
    """`/etc/mailips` or `/etc/mailhelo`; `kept` says that cPanel leaves it alone."""

    path: str
    lines: dict[str, str]
    kept: bool
    error: str = ""


@dataclass(frozen=True)
class _Exim:
    hostname: str
    ipv6: bool
    reads_files: bool
    error: str = ""


def read_outgoing(host: Host, targets: Sequence[Target], deadline: float) -> tuple[Outgoing, ...]:
    """Each combination of source address and HELO name that mail of this server uses, with its DNS.

    `targets` are this server's addresses, the main one first, with what the world sees of each (NAT).
    `deadline` is a value of `time.monotonic()`. Nothing is raised.
    """
    exim = _exim(host, deadline)
    ips = _file(host, "mailips", host.mailips)
    names = _file(host, "mailhelo", host.mailhelo)
    if not exim.reads_files:
        ips, names = replace(ips, lines={}), replace(names, lines={})
    sources = {version: _source(version, targets) for version in ((4, 6) if exim.ipv6 else (4,))}
    groups: dict[Outgoing, list[str]] = {}
    for domain in dict.fromkeys(["*", *ips.lines, *names.lines]):
        for found in _leaving(domain, ips, names, exim, sources, targets):
            groups.setdefault(found, []).append(domain)
    return _with_dns([replace(key, domains=tuple(domains)) for key, domains in groups.items()], deadline)


def _leaving(
    domain: str,
    ips: _File,
    names: _File,
    exim: _Exim,
    sources: dict[int, str],
    targets: Sequence[Target],
) -> list[Outgoing]:
    """One for each family of addresses; they are equal for domains that share everything."""
    helo = names.lines.get(domain) or names.lines.get("*") or ""
    named = Outgoing(
        domains=(),
        local_address="",
        address="",
        address_source="",
        helo=helo or exim.hostname,
        helo_source=names.path if helo else Message("Exim's primary_hostname"),
        kept=names.kept or not helo or _generated(domain),
        error=names.error or (exim.error if not helo else ""),
    )
    if named.error:
        return [named]
    text = ips.lines.get(domain) or ips.lines.get("*") or ""
    chosen, wrong = _addresses(text)
    if ips.error or wrong:
        return [replace(named, address_source=ips.path, wrong=wrong[:200], error=ips.error)]
    public = {target.local_address: target.address for target in targets}
    result = []
    for version in (4, 6):
        set_up = next((str(address) for address in chosen if address.version == version), "")
        local = set_up or sources.get(version, "")
        if local:
            result.append(
                replace(
                    named,
                    local_address=local,
                    address=public.get(local, local),
                    address_source=ips.path if set_up else Message("the kernel's choice"),
                    here=local in public or is_local(local),
                    kept=named.kept and (ips.kept or not set_up or _generated(domain)),
                )
            )
    return result or [replace(named, error=Message("this server has no address that mail could leave from"))]


def _generated(domain: str) -> bool:
    """cPanel writes the line `*` itself, so that one is not lost when it writes the file."""
    return domain == "*"


def _addresses(text: str) -> tuple[list[Address], str]:
    """The addresses in a line (Exim's list, parted by semicolons), and the first word that is none."""
    found: list[Address] = []
    for word in filter(None, (word.strip() for word in text.removeprefix("<;").split(";"))):
        try:
            found.append(ipaddress.ip_address(word))
        except ValueError:
            return found, word
    return found, ""


def _file(host: Host, name: str, path: Path) -> _File:
    shown = f"/etc/{name}"
    options = _local_options(host)
    kept = options.get(f"custom_{name}") == "1" or options.get("per_domain_mailips") == "1"
    try:
        pairs = read_pairs(path)
    except FileNotFoundError:
        return _File(shown, {}, kept)
    except OSError as error:
        return _File(shown, {}, kept, f"{shown}: {error.strerror or error}")
    return _File(shown, dict(pairs), kept)


def _local_options(host: Host) -> dict[str, str]:
    try:
        lines = read_regular(host.localopts).decode(errors="replace").splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}


def _exim(host: Host, deadline: float) -> _Exim:
    """Exim's own word on its name and on IPv6, and whether its configuration looks into the files."""
    try:
        text = read_regular(host.exim_conf).decode(errors="replace")
        left = max(0.1, min(_EXIM_TIMEOUT, deadline - time.monotonic()))
        printed = host.run(
            [host.exim, *late_perl(host.exim_conf), "-bP", "primary_hostname", "disable_ipv6"], timeout=left
        ).stdout
    except (OSError, HostError) as error:
        return _Exim("", True, True, message_of(error))
    match = re.search(r"^primary_hostname\s*=\s*(\S+)", printed, re.MULTILINE)
    off = re.search(r"^disable_ipv6", printed, re.MULTILINE) is not None
    reads = "etc/mailhelo" in text or "etc/mailips" in text
    if match is None:
        return _Exim("", not off, reads, Message("Exim did not tell its primary_hostname"))
    return _Exim(match[1], not off, reads)


def _source(version: int, targets: Sequence[Target]) -> str:
    """The address the kernel picks for the Internet; this server's first one where there is no route."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    first = (t.local_address for t in targets if ipaddress.ip_address(t.local_address).version == version)
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_SOMEWHERE[version], 25))
            return str(ipaddress.ip_address(probe.getsockname()[0].partition("%")[0]))
    except OSError:
        return next(first, "")


def _with_dns(found: Sequence[Outgoing], deadline: float) -> tuple[Outgoing, ...]:
    names = list(dict.fromkeys(one.helo for one in found if one.helo and not one.helo.startswith("[")))
    addresses = list(dict.fromkeys(one.address for one in found if one.address))
    with ThreadPoolExecutor(32) as pool:
        reversing = pool.submit(reverse_all, addresses, deadline)
        forwards = dict(zip(names, pool.map(lambda name: _forward(name, deadline), names)))
        reverses: dict[str, ReverseDns] = {reverse.address: reverse for reverse in reversing.result()}
    return tuple(
        replace(one, forward=forwards.get(one.helo), reverse=reverses.get(one.address)) for one in found
    )


def _forward(name: str, deadline: float) -> Optional[Forward]:
    answers = [lookup(name, kind, deadline) for kind in ("A", "AAAA")]
    error = next((answer.error for answer in answers if answer.error), "")
    return Forward(name, tuple(record for answer in answers for record in answer.records), error)
