"""What the forms do: each checks its fields, then hands the work to a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mxverdict import testers, window
from mxverdict.errors import UsageError
from mxverdict.host import Host
from mxverdict.web.request import Refusal
from mxverdict.window.engine import MOST_MINUTES
from mxverdict.window.model import KINDS, WHITELIST

REASON_LIMIT = 200

Work = Callable[[], str]


def open_window(host: Host, user: str, form: Mapping[str, str]) -> Work:
    """For a tester, or for an `address` alone, which the engine judges."""
    kind = form.get("kind", "")
    if kind not in KINDS:
        raise Refusal(400, "There is no such kind of window.")
    minutes = _minutes(form)
    if kind == WHITELIST and "address" in form:
        tester, networks = form["address"].strip(), [form["address"]]
    else:
        tester, networks = _tester(host, form, kind)
    reason = form.get("reason", "").strip()
    if len(reason) > REASON_LIMIT:
        raise Refusal(400, f"The reason may have {REASON_LIMIT} characters at most.")
    until_tested = kind == WHITELIST and "until_tested" in form

    def work() -> str:
        opened = window.open_window(
            host,
            kind=kind,
            networks=networks,
            tester=tester,
            minutes=minutes,
            actor=window.Actor(user, "web"),
            reason=reason,
            until_tested=until_tested,
        )
        return "The test window is open." + (f" {opened.remark}" if opened.remark else "")

    return work


def let_past_for_good(host: Host, user: str, form: Mapping[str, str]) -> Work:
    address = form.get("address", "")

    def work() -> str:
        entry = window.open_permanent(host, address, actor=window.Actor(user, "web"))
        return f"{entry.networks[0]} is let past for good." + (f" {entry.remark}" if entry.remark else "")

    return work


def extend_window(host: Host, user: str, form: Mapping[str, str]) -> Work:
    identity, minutes = _identity(form), _minutes(form)

    def work() -> str:
        window.extend_window(host, identity, minutes, window.Actor(user, "web"))
        return "The test window has a new deadline."

    return work


def close_window(host: Host, user: str, form: Mapping[str, str]) -> Work:
    identity = _identity(form)

    def work() -> str:
        closed = window.close_window(host, identity, window.Actor(user, "web"))
        ended = "The address is let past no more." if closed.permanent else "The test window is closed."
        return ended + (f" {closed.remark}" if closed.remark else "")

    return work


def add_tester_address(host: Host, user: str, form: Mapping[str, str]) -> Work:
    """DNS is asked once more, and has to confirm it."""
    address, tester = form.get("address", ""), form.get("tester", "")

    def work() -> str:
        from mxverdict import tester_addresses

        added = tester_addresses.add(host, address, tester, window.Actor(user, "web"))
        return f"{added.network} is kept as an address of {testers.load(host=host).tester(tester).title}."

    return work


def remove_tester_address(host: Host, user: str, form: Mapping[str, str]) -> Work:
    address = form.get("address", "")

    def work() -> str:
        from mxverdict import tester_addresses

        gone = tester_addresses.remove(host, address, window.Actor(user, "web"))
        return f"{gone.address} is forgotten; an open test window keeps it to its end."

    return work


def close_due(host: Host) -> Work:
    def work() -> str:
        window.close_due(host)
        return "Windows past their deadline are closed."

    return work


ACTIONS: Mapping[str, Callable[[Host, str, Mapping[str, str]], Work]] = {
    "open": open_window,
    "extend": extend_window,
    "close": close_window,
    "permanent": let_past_for_good,
    "add-tester-address": add_tester_address,
    "remove-tester-address": remove_tester_address,
}


def _minutes(form: Mapping[str, str]) -> int:
    text = form.get("minutes", "").strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_MINUTES):
        raise Refusal(400, f"Minutes must be a whole number from 1 to {MOST_MINUTES}.")
    return int(text)


def _identity(form: Mapping[str, str]) -> int:
    text = form.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal(400, "There is no such window.")
    return int(text)


def _tester(host: Host, form: Mapping[str, str], kind: str) -> tuple[str, list[str]]:
    """Its name, and the addresses that a window of that kind takes."""
    try:
        tester = testers.load(host=host).tester(form.get("tester", ""))
    except UsageError as error:
        raise Refusal(400, f"That tester is not known: {error}.") from None
    networks = [address.network for address in tester.addresses] if kind == WHITELIST else []
    if kind == WHITELIST and not networks:
        raise Refusal(
            400,
            f"{tester.title} publishes no addresses.",
            advice="Switch the delay off for everybody instead.",
        )
    return tester.name, networks
