"""Facts about the server: its name, addresses and settings from WHM, checked against what Exim runs."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from mxverdict.addresses import special_kind
from mxverdict.collect.preview import delay_stanzas
from mxverdict.errors import (
    CommandFailed,
    HostError,
    MxVerdictError,
    WhmApiError,
    WhmError,
)
from mxverdict.evidence import RelayEntry, Settings, Target
from mxverdict.host import Host
from mxverdict.testers import Network
from mxverdict.whm.api import Answer, WhmApi

_EXIM_TIMEOUT = 10.0
_DELAY_KEY = "acl_delay_unknown_hosts"


@dataclass(frozen=True)
class Server:
    hostname: str
    targets: tuple[Target, ...]
    """Main address first."""
    settings: Settings


@dataclass(frozen=True)
class Exim:
    version: str
    hostname: str


def exim_facts(host: Host) -> Exim:
    """Version and primary_hostname of the installed Exim (Exim specification, options -bV and -bP).

    Raises CommandMissing, CommandTimeout, CommandFailed.
    """
    version = host.run([host.exim, "-bV"], timeout=_EXIM_TIMEOUT)
    match = re.search(r"Exim version (\S+)", version.stdout)
    if version.status != 0 or match is None:
        raise CommandFailed(str(host.exim), version.status, version.stderr or version.stdout)
    return Exim(match[1], _primary_hostname(host))


def name_of(host: Host) -> str:
    """Exim's primary_hostname; "" when Exim cannot tell."""
    try:
        return _primary_hostname(host)
    except HostError:
        return ""


def _primary_hostname(host: Host) -> str:
    name = host.run([host.exim, "-bP", "primary_hostname"], timeout=_EXIM_TIMEOUT).stdout
    return name.partition("=")[2].strip()


def read_server(host: Host, api: WhmApi) -> Server:
    """One batch of WHM calls. When WHM does not answer, `settings.error` says so and nothing is raised."""
    try:
        name, ips, delay, greylist = api.batch(
            [
                ("gethostname", {}),
                ("listips", {}),
                ("get_tweaksetting", {"module": "Mail", "key": _DELAY_KEY}),
                ("cpgreylist_status", {}),
            ]
        )
    except WhmError as error:
        return Server("", (), _settings(host, None, None, str(error)))
    refused = [str(answer) for answer in (delay, greylist) if isinstance(answer, WhmApiError)]
    settings = _settings(host, _delay_setting(host, delay), _greylisting(greylist), "; ".join(refused))
    return Server(str(_value(name, "hostname") or ""), _targets(_value(ips, "ip")), settings)


def is_local(address: str) -> bool:
    """Whether this machine has the address on one of its network cards, so that others can find it there.

    Loopback, `0.0.0.0`, multicast, broadcast and IPv4-mapped addresses can be bound, but are nobody's.
    """
    if special_kind(address) not in ("", "private"):
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


def relay_entries(host: Host, networks: Sequence[Network]) -> tuple[RelayEntry, ...]:
    """Entries in the lists that grant relaying and that cover one of `networks`."""
    found = []
    for path in (host.skip_smtp_check_hosts, host.trusted_mail_hosts):
        for line in _lines(path):
            key = re.split(r"[\s:]", line, maxsplit=1)[0] if not line.startswith('"') else line.split('"')[1]
            found += [
                RelayEntry(str(path), line.strip(), str(network))
                for network in networks
                if _overlaps(key, network)
            ]
    return tuple(found)


def _settings(host: Host, delay: Optional[bool], greylisting: Optional[bool], error: str) -> Settings:
    stanzas = delay_stanzas(host.exim_conf)
    return Settings(
        delay_setting=delay,
        delay_stanzas=None if stanzas is None else len(stanzas),
        greylisting=greylisting,
        edit_in_progress=host.localopts_dry_run.exists(),
        error=error,
    )


def _delay_setting(host: Host, answer: Answer) -> Optional[bool]:
    """WHM leaves the value out for "absent" (on) and for "empty" (off); the file tells them apart."""
    if isinstance(answer, WhmApiError):
        return None
    setting = answer.get("tweaksetting")
    value = setting.get("value") if isinstance(setting, dict) else None
    if value not in (None, ""):
        return str(value) != "0"
    stored = [
        line.partition("=")[2].strip() for line in _lines(host.localopts) if line.startswith(f"{_DELAY_KEY}=")
    ]
    return not stored or stored[-1] not in ("", "0")


def _greylisting(answer: Answer) -> Optional[bool]:
    enabled = _value(answer, "is_enabled")
    return None if enabled is None else str(enabled) == "1"


def _value(answer: Union[Answer, MxVerdictError], key: str) -> Any:
    return answer.get(key) if isinstance(answer, dict) else None


def _targets(ips: Any) -> tuple[Target, ...]:
    entries = [entry for entry in ips if isinstance(entry, dict)] if isinstance(ips, list) else []
    entries.sort(key=lambda entry: str(entry.get("mainaddr")) != "1")
    return tuple(
        Target(str(entry.get("public_ip") or entry["ip"]), str(entry["ip"]))
        for entry in entries
        if str(entry.get("active", 1)) == "1" and _is_address(entry.get("ip"))
    )


def _is_address(text: Any) -> bool:
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return True


def _overlaps(key: str, network: Network) -> bool:
    try:
        entry = ipaddress.ip_network(key, strict=False)
    except ValueError:
        return False
    return entry.version == network.version and entry.overlaps(network)


def _lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
