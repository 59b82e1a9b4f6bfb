"""The change that exempts WHM's Common Mail Providers from the delay: its own switch for that, permanently.

The list is Greylisting's (`/etc/greylist_common_mail_providers`); the switch says whether the delay's
statements in exim.conf name it (docs/facts/whm.md 1.3). With the list missing or unreadable Exim would drop
each connection that the statements look it up for, so the file is looked at first.
"""

from __future__ import annotations

import grp
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from mxverdict.collect.exim_preview import delay_stanzas
from mxverdict.errors import HostError, WindowRefused
from mxverdict.fs import safe_edit
from mxverdict.fs.read import read_regular
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.net import iplsearch
from mxverdict.net.address import Network
from mxverdict.net.networks import sample
from mxverdict.whm import localopts
from mxverdict.whm.api import WhmApi
from mxverdict.window.changes import exim_config
from mxverdict.window.changes.bypass_list import Record
from mxverdict.window.changes.exim_setting import (
    SettingChange,
    content_of,
    require_known,
    require_undisturbed,
)

MAX_SAMPLES = 16
"""Addresses that are simulated at most; each session loads cPanel's Perl (docs/facts/whm.md 1.6)."""
_LIST = "greylist_common_mail_providers"
_NAMED = re.compile(rf"\+{_LIST}\b")
_BEFORE = re.compile(r"((?:!\s*)?)\+cpanel_mail_netblocks\b")
_MAIL = "mail"


@dataclass(frozen=True)
class Sample:
    """An address that represents a provider: the list's name of it (its network where it has none)."""

    provider: str
    network: str
    address: str


@dataclass(frozen=True)
class Samples:
    """`chosen` of the `providers` that the list has in so many `entries`."""

    chosen: tuple[Sample, ...]
    providers: int
    entries: int


@dataclass(frozen=True)
class Statement:
    """A line of exim.conf, by number, and what becomes of it."""

    number: int
    before: str
    after: str


def _follows(host: Host, content: bytes) -> bool:
    if not exim_config.delay_follows(host, content):
        return False
    on = localopts.is_on(content, localopts.COMMON_PROVIDERS)
    return not exim_config.stanzas(host) or is_named(host) == on


_CHANGE = SettingChange(
    setting=localopts.COMMON_PROVIDERS,
    on=True,
    follows=_follows,
    undone=Message("somebody switched the exemption of Common Mail Providers off again at the same moment"),
    edited=Message(
        "somebody was editing Exim's settings in WHM while this was removed; make sure that saving there did "
        "not exempt Common Mail Providers again"
    ),
    saved=Message(
        "Exim's settings were saved by somebody else meanwhile; whoever meant Common Mail Providers to stay "
        "exempt has to switch that on again"
    ),
)


def check(host: Host) -> None:
    """Raises WindowRefused where the exemption can have no effect or is there already, when somebody edits
    the settings, when they cannot be read, when the list is not fit and when a restart could not be made or
    verified; HostError when a file cannot be read."""
    require_undisturbed(host)
    delayed = require_known(host, localopts.DELAY)
    if delayed != (exim_config.stanzas(host) > 0):
        raise WindowRefused(
            Message(
                "the setting of the delay was changed but Exim's configuration was not rebuilt since; run "
                "buildeximconf and restartsrv_exim"
            )
        )
    if not delayed:
        raise WindowRefused(
            Message("the delay is off, so there is nothing that Common Mail Providers could be exempt from")
        )
    on = require_known(host, localopts.COMMON_PROVIDERS)
    if on != is_named(host):
        raise WindowRefused(
            Message(
                "the setting of Common Mail Providers was changed but Exim's configuration was not rebuilt "
                "since; run buildeximconf and restartsrv_exim"
            )
        )
    if on:
        raise WindowRefused(Message("Common Mail Providers are exempt from the delay already"))
    _check_list(host)
    exim_config.check_restart(host)


def samples(host: Host) -> Samples:
    """Return an address of each provider in the list, of some evenly chosen where there are more than
    MAX_SAMPLES. Raises HostError when the list cannot be read."""
    first: dict[str, Network] = {}
    entries = iplsearch.commented(safe_edit.read(host.greylist_common_mail_providers) or b"")
    for network, comment in entries:
        first.setdefault(comment or str(network), network)
    names = list(first)
    count = min(len(names), MAX_SAMPLES)
    chosen = [names[n * len(names) // count] for n in range(count)]
    return Samples(
        tuple(Sample(name, str(first[name]), sample(first[name])) for name in chosen),
        len(names),
        len(entries),
    )


def apply(host: Host, api: WhmApi, record: Record) -> list[str]:
    """Switch the exemption on and see that exim.conf has it. Raises HostError, WhmError."""
    return _CHANGE.apply(host, api, record)


def revert(host: Host, api: WhmApi, plan: dict[str, Any]) -> list[str]:
    """Put the setting back where it still is ours and into force; returns remarks. Raises HostError."""
    return _CHANGE.revert(host, api, plan)


def dry_run(host: Host) -> tuple[Optional[str], str]:
    """Have buildeximconf check the settings with ours in them; return the line that counts now, None for
    none, and ours. Raises HostError when it says no."""
    content = content_of(host)
    exim_config.dry_run(host, _CHANGE.candidate(content))
    return localopts.setting_line(content, localopts.COMMON_PROVIDERS), _CHANGE.written


def is_named(host: Host) -> bool:
    """Whether a delay statement of exim.conf exempts the list. Raises HostError."""
    return any(_NAMED.search(line) for _, line in _delay_lines(host))


def statements(host: Host) -> list[Statement]:
    """Return the lines of exim.conf that will name the list, as they are expected to read: buildeximconf does
    not print what it would install. Raises HostError."""
    found: list[Statement] = []
    for number, line in _delay_lines(host):
        after = _BEFORE.sub(rf"\1+{_LIST} : \g<0>", line, count=1)
        if after != line:
            found.append(Statement(number, line, after))
    return found


def candidate(host: Host) -> Optional[str]:
    """Return exim.conf with the list named in it, None where it is not of the known form. Raises
    HostError."""
    changed = {statement.number: statement.after for statement in statements(host)}
    if len(changed) < exim_config.stanzas(host):
        return None
    lines = _content(host).split("\n")
    return "\n".join(changed.get(number, line) for number, line in enumerate(lines, 1))


def _delay_lines(host: Host) -> list[tuple[int, str]]:
    """The numbered lines of the delay statements."""
    lines = _content(host).split("\n")
    found = delay_stanzas(host.exim_conf) or []
    return [(number, lines[number - 1]) for stanza in found for number in stanza if number <= len(lines)]


def _content(host: Host) -> str:
    try:
        return read_regular(host.exim_conf).decode(errors="surrogateescape")
    except OSError:
        raise HostError(Message("{path} cannot be read", path=host.exim_conf)) from None


def _check_list(host: Host) -> None:
    """Raises WindowRefused unless the list is a file with networks in it that Exim's processes can read."""
    path = host.greylist_common_mail_providers
    turn_on = Message("turn Greylisting on in WHM and trust providers in its Common Mail Providers first")
    try:
        status = path.stat()
    except OSError:
        raise WindowRefused(Message("{path} is missing; {todo}", path=path, todo=turn_on)) from None
    by_group = status.st_mode & 0o040 and status.st_gid == _mail_group()
    if not stat.S_ISREG(status.st_mode) or not (status.st_mode & 0o004 or by_group):
        raise WindowRefused(Message("Exim could not read {path}, so it would drop mail", path=path))
    if not iplsearch.networks(safe_edit.read(path) or b""):
        raise WindowRefused(Message("{path} lists no addresses; {todo}", path=path, todo=turn_on))


def _mail_group() -> int:
    try:
        return grp.getgrnam(_MAIL).gr_gid
    except KeyError:
        return -1


def proof_message(found: Samples, waited: Sequence[int]) -> str:
    """Return what is kept of the proof: how many addresses were simulated and no longer wait."""
    return Message(
        "Exim exempts an address of each of {count} of the {total} providers in the list ({entries} "
        "networks); {delayed} of them waited before",
        count=len(found.chosen),
        total=found.providers,
        entries=found.entries,
        delayed=sum(seconds > 0 for seconds in waited),
    )
