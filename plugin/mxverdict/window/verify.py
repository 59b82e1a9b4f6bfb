"""Proves by previews that a window is open, or closed again."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

from mxverdict.collect.exim_preview import delay_stanzas, preview
from mxverdict.errors import HostError, UsageError
from mxverdict.evidence.smtp import Preview
from mxverdict.fs import safe_edit
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.net import iplsearch
from mxverdict.testers import UNKNOWN_HOSTS, load

_AT_A_TIME = 8
_LOCAL = {4: "127.0.0.1", 6: "::1"}
FULL_SESSION = ("mxtoolbox",)
"""A tester whose session goes as far as RCPT, where Exim delays a second time."""


def commands_of(testers: Sequence[str], address: str) -> tuple[tuple[str, str], ...]:
    """Return the SMTP commands of the first tester; none of one that is not known: its connection alone is
    previewed."""
    try:
        return load().tester(next(iter(testers), "")).commands(address)
    except UsageError:
        return ()


def previews(
    host: Host, addresses: Sequence[str], testers: Sequence[str], configuration: Optional[Path] = None
) -> dict[str, Preview]:
    """Return what Exim would do to each address (IP) now, or with another `configuration`. Raises
    CommandNotFoundError when there is no Exim."""
    lines = delay_stanzas(configuration or host.exim_conf) or []
    options = ["-C", str(configuration)] if configuration else []

    def ask(address: str) -> Preview:
        local = _LOCAL[6 if ":" in address else 4]
        commands = commands_of(testers, address)
        return preview(host, address, local, commands, delay_lines=lines, options=options)

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return dict(zip(addresses, pool.map(ask, addresses)))


def delays(
    host: Host, addresses: Sequence[str], testers: Sequence[str], configuration: Optional[Path] = None
) -> dict[str, int]:
    """Return the seconds of delay that each address would see in one session. Raises HostError when Exim
    gives no full answer for one."""
    answers = previews(host, addresses, testers, configuration)
    for address, answer in answers.items():
        if answer.failure:
            raise _failed(address, answer)
    return {address: total(answer) for address, answer in answers.items()}


def total(answer: Preview) -> int:
    return sum(stage.delay for stage in answer.stages)


def assert_no_delay(host: Host, addresses: Sequence[str], testers: Sequence[str]) -> None:
    """Raises HostError when an address would still be delayed."""
    for address, seconds in delays(host, addresses, testers).items():
        if seconds:
            raise HostError(
                Message("Exim still makes {address} wait {seconds} s", address=address, seconds=seconds)
            )


def assert_delay_restored(host: Host, before: dict[str, int], testers: Sequence[str]) -> list[str]:
    """Return notes on addresses that were delayed before the window and are not delayed now.

    The caller has reverted the window's changes and seen them gone from files and configuration, which is
    what closes a window. Exim's trace only explains: what it does not show, or shows in a form that is not
    known, becomes a note. Raises HostError when Exim answers no one any more, or when it still exempts an
    address by the list whose entry is gone.
    """
    notes: list[str] = []
    for address, answer in previews(host, [one for one in before if before[one]], testers).items():
        if answer.failure and answer.understood:
            raise _failed(address, answer)
        if answer.failure:
            notes.append(
                Message(
                    "the window's changes are reverted; what Exim does to {address} now could not be "
                    "simulated: {reason}",
                    address=address,
                    reason=answer.detail,
                )
            )
        elif not total(answer):
            notes.append(_not_delayed(host, address, answer, testers))
    return list(dict.fromkeys(notes))


def _not_delayed(host: Host, address: str, answer: Preview, testers: Sequence[str]) -> str:
    exempted_by = [name for stage in answer.stages for name in stage.exempted_by]
    if exempted_by[:1] == [str(host.sender_verify_bypass_hosts)] and not _may_be_listed(host, address):
        raise HostError(Message("Exim still exempts {address} from the delay", address=address))
    if exempted_by:
        return Message(
            "{address} is still exempt from the delay, by {file}", address=address, file=exempted_by[0]
        )
    if not delay_stanzas(host.exim_conf):
        return Message("the delay was off for all senders when this window closed")
    stranger = UNKNOWN_HOSTS[6 if ":" in address else 4]
    if total(previews(host, [stranger], testers)[stranger]):
        return Message(
            "{address} is still exempt from the delay, by an entry that Exim's trace does not name; "
            "unknown hosts are delayed again",
            address=address,
        )
    return Message(
        "the window's changes are reverted, yet Exim delays no unknown host; check the delay in {exim_conf}",
        exim_conf=host.exim_conf,
    )


def _may_be_listed(host: Host, address: str) -> bool:
    content = safe_edit.read(host.sender_verify_bypass_hosts) or b""
    return iplsearch.may_match(content, ipaddress.ip_network(address))


def _failed(address: str, answer: Preview) -> HostError:
    return HostError(
        Message("Exim's preview for {address} failed: {reason}", address=address, reason=answer.detail)
    )
