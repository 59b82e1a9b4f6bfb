"""Proves by previews that a window is open, or closed again."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from mxverdict.collect.preview import delay_stanzas, preview
from mxverdict.errors import HostError, UsageError
from mxverdict.evidence import Preview
from mxverdict.host import Host
from mxverdict.language import stored
from mxverdict.testers import load
from mxverdict.window import files, listfile
from mxverdict.window.networks import covered

_AT_A_TIME = 8
_LOCAL = {4: "127.0.0.1", 6: "::1"}


def commands_of(tester: str, address: str) -> tuple[tuple[str, str], ...]:
    """The SMTP commands of a known tester; for any other the connection alone is previewed."""
    try:
        return load().tester(tester.partition(",")[0]).commands(address)
    except UsageError:
        return ()


def previews(host: Host, addresses: Sequence[str], tester: str) -> dict[str, Preview]:
    """What Exim would do to each address now. Raises HostError when it gives no full answer for one."""
    lines = delay_stanzas(host.exim_conf) or []

    def ask(address: str) -> Preview:
        local = _LOCAL[6 if ":" in address else 4]
        return preview(host, address, local, commands_of(tester, address), delay_lines=lines)

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        answers = dict(zip(addresses, pool.map(ask, addresses)))
    for address, answer in answers.items():
        if answer.failure:
            raise HostError(
                stored("Exim's preview for {address} failed: {reason}").format(
                    address=address, reason=answer.detail
                )
            )
    return answers


def delays(host: Host, addresses: Sequence[str], tester: str) -> dict[str, int]:
    """Seconds of delay that each address would meet in one session."""
    return {address: total(answer) for address, answer in previews(host, addresses, tester).items()}


def _listed(host: Host, address: str) -> bool:
    content = files.read(host.sender_verify_bypass_hosts) or b""
    return covered(ipaddress.ip_network(address), listfile.networks(content))


def total(answer: Preview) -> int:
    return sum(stage.delay for stage in answer.stages)


def opened(host: Host, addresses: Sequence[str], tester: str) -> None:
    """Raises HostError when an address would still be delayed."""
    for address, seconds in delays(host, addresses, tester).items():
        if seconds:
            raise HostError(
                stored("Exim still makes {address} wait {seconds} s").format(address=address, seconds=seconds)
            )


def closed(host: Host, before: dict[str, int], tester: str) -> list[str]:
    """Remarks on addresses that were delayed before the window and are spared now by something else.

    Raises HostError when the delay has not come back and Exim names no reason.
    """
    if not before:
        return []
    remarks: list[str] = []
    for address, answer in previews(host, list(before), tester).items():
        if total(answer) or not before[address]:
            continue
        spared_by = [name for stage in answer.stages for name in stage.exempted_by]
        if spared_by[:1] == [str(host.sender_verify_bypass_hosts)] and not _listed(host, address):
            raise HostError(stored("Exim still spares {address} the delay").format(address=address))
        if spared_by:
            remarks.append(
                stored("{address} is still spared the delay, by {file}").format(
                    address=address, file=spared_by[0]
                )
            )
        elif not delay_stanzas(host.exim_conf):
            remarks.append(stored("the delay was switched off for everybody when this window closed"))
        else:
            raise HostError(stored("Exim still does not delay {address}").format(address=address))
    return list(dict.fromkeys(remarks))
