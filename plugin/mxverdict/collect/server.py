"""Facts about the server: its name, addresses and settings from WHM, checked against what Exim runs."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from mxverdict.collect.exim_perl import late_perl
from mxverdict.collect.exim_preview import delay_stanzas
from mxverdict.errors import CommandFailed, HostError, WhmError, WhmUnreachable
from mxverdict.evidence import DelayState, RelayListEntry, Target
from mxverdict.evidence.server import ADDRESSES, DELAY, GREYLISTING, HOST_NAME, MissingFact
from mxverdict.fs import safe_edit
from mxverdict.fs.read import read_regular
from mxverdict.host import Host
from mxverdict.i18n.message import Message, message_of
from mxverdict.net.address import Network, is_address
from mxverdict.net.special_ranges import special_purpose_kind
from mxverdict.whm import localopts
from mxverdict.whm.api import WhmApi

_EXIM_TIMEOUT = 10.0
_FACTS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    (HOST_NAME, "gethostname", {}, "hostname"),
    (ADDRESSES, "listips", {}, "ip"),
    (DELAY, "get_tweaksetting", {"module": "Mail", "key": localopts.KEY}, ""),
    (GREYLISTING, "cpgreylist_status", {}, "is_enabled"),
)
"""What WHM is asked: the fact, the function with its parameters, and the field without which its answer is of
no use."""


@dataclass(frozen=True)
class Server:
    hostname: str
    targets: tuple[Target, ...]
    """Main address first."""
    settings: DelayState


@dataclass(frozen=True)
class Exim:
    version: str
    hostname: str


def exim_facts(host: Host) -> Exim:
    """Version and primary_hostname of the installed Exim (Exim specification, options -bV and -bP).

    Raises CommandNotFoundError, CommandTimeout, CommandFailed.
    """
    return Exim(exim_version(host), _primary_hostname(host))


def exim_version(host: Host) -> str:
    """Raises CommandNotFoundError, CommandTimeout, CommandFailed."""
    version = host.run([host.exim, *late_perl(host.exim_conf), "-bV"], timeout=_EXIM_TIMEOUT)
    match = re.search(r"Exim version (\S+)", version.stdout)
    if version.status != 0 or match is None:
        raise CommandFailed(str(host.exim), version.status, version.stderr or version.stdout)
    return match[1]


def name_of(host: Host) -> str:
    """Exim's primary_hostname; "" when Exim cannot tell."""
    try:
        return _primary_hostname(host)
    except HostError:
        return ""


def _primary_hostname(host: Host) -> str:
    name = host.run(
        [host.exim, *late_perl(host.exim_conf), "-bP", "primary_hostname"], timeout=_EXIM_TIMEOUT
    ).stdout
    return name.partition("=")[2].strip()


def read_server(host: Host, api: WhmApi) -> Server:
    """One batch of WHM calls. When WHM does not answer, `settings.error` says so; when it does not answer one
    of them, `settings.missing` does. Nothing is raised."""
    try:
        answers = api.batch([(function, parameters) for _, function, parameters, _ in _FACTS])
    except WhmError as error:
        return Server("", (), _settings(host, error=message_of(error)))
    found: dict[str, dict[str, Any]] = {}
    missing: list[MissingFact] = []
    for (fact, function, _, field), answer in zip(_FACTS, answers):
        if isinstance(answer, WhmError):
            missing.append(MissingFact(fact, message_of(answer)))
        elif field and answer.get(field) is None:
            misfit = WhmUnreachable(function, Message("the answer does not fit the question"))
            missing.append(MissingFact(fact, message_of(misfit)))
        else:
            found[fact] = answer
    delay: Optional[bool] = None
    if DELAY in found:
        try:
            delay = _delay_setting(host, found[DELAY])
        except HostError as error:
            missing.append(MissingFact(DELAY, message_of(error)))
    greylisting = str(found[GREYLISTING]["is_enabled"]) == "1" if GREYLISTING in found else None
    name = str(found[HOST_NAME]["hostname"]) if HOST_NAME in found else ""
    targets = _targets(found[ADDRESSES]["ip"]) if ADDRESSES in found else ()
    return Server(name, targets, _settings(host, delay, greylisting, missing=missing))


def is_local(address: str) -> bool:
    """Whether this machine has the address on one of its network cards, so that others can find it there.

    Loopback, `0.0.0.0`, multicast, broadcast and IPv4-mapped addresses can be bound, but are nobody's.
    """
    if special_purpose_kind(address) not in ("", "private"):
        return False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return not _is_broadcast(address, family)


def _is_broadcast(address: str, family: socket.AddressFamily) -> bool:
    """Whether it is the broadcast address of a network here: the kernel lets nobody connect to it unasked."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 25))
        except OSError as error:
            return error.errno == errno.EACCES
    return False


def relay_entries(host: Host, networks: Sequence[Network]) -> tuple[RelayListEntry, ...]:
    """Entries in the lists that grant relaying and that cover one of `networks`."""
    found = []
    for path in (host.skip_smtp_check_hosts, host.trusted_mail_hosts):
        for line in _lines(path):
            key = re.split(r"[\s:]", line, maxsplit=1)[0] if not line.startswith('"') else line.split('"')[1]
            found += [
                RelayListEntry(str(path), line.strip(), str(network))
                for network in networks
                if _overlaps(key, network)
            ]
    return tuple(found)


def _settings(
    host: Host,
    delay: Optional[bool] = None,
    greylisting: Optional[bool] = None,
    *,
    error: str = "",
    missing: Sequence[MissingFact] = (),
) -> DelayState:
    stanzas = delay_stanzas(host.exim_conf)
    return DelayState(
        delay_setting=delay,
        delay_stanzas=None if stanzas is None else len(stanzas),
        greylisting=greylisting,
        edit_in_progress=host.localopts_dry_run.exists(),
        error=error,
        missing=tuple(missing),
    )


def _delay_setting(host: Host, answer: dict[str, Any]) -> bool:
    """WHM leaves the value out for "absent" (on), "empty" (off) and a bare key (unknown); the file
    distinguishes them. Raises HostError when the setting cannot be read."""
    setting = answer.get("tweaksetting")
    value = setting.get("value") if isinstance(setting, dict) else None
    if value in (None, ""):
        return localopts.is_on(safe_edit.read(host.localopts) or b"")
    return localopts.is_on(f"{localopts.KEY}={value}".encode())


def _targets(ips: Any) -> tuple[Target, ...]:
    entries = [entry for entry in ips if isinstance(entry, dict)] if isinstance(ips, list) else []
    entries.sort(key=lambda entry: str(entry.get("mainaddr")) != "1")
    return tuple(
        Target(str(entry.get("public_ip") or entry["ip"]), str(entry["ip"]))
        for entry in entries
        if str(entry.get("active", 1)) == "1" and is_address(str(entry.get("ip")))
    )


def _overlaps(key: str, network: Network) -> bool:
    try:
        entry = ipaddress.ip_network(key, strict=False)
    except ValueError:
        return False
    return entry.version == network.version and entry.overlaps(network)


def _lines(path: Path) -> Iterable[str]:
    try:
        return read_regular(path).decode(errors="replace").splitlines()
    except OSError:
        return []
