"""What the forms about test windows and tester addresses do: check the fields and return the work for a
job."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mxverdict import settings, testers, window
from mxverdict.errors import UsageError
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import Message, join, translate
from mxverdict.web.auth import permissions
from mxverdict.web.http.request import HttpError
from mxverdict.web.http.visitor import Visitor
from mxverdict.window.model import KINDS, PERMANENT, WHITELIST, Window

REASON_LIMIT = 200

Work = Callable[[], str]


def open_window(host: Host, visitor: Visitor, form: Mapping[str, str]) -> Work:
    """Open a window for a tester, or for an `address`, which the engine judges; resellers get what root
    allows."""
    kind = form.get("kind", "")
    if kind not in KINDS:
        raise HttpError(400, _("There is no such kind of window."))
    minutes = _minutes(host, visitor, form)
    if not visitor.is_root:
        permissions.require_opening(host, kind, named_address="address" in form)
    if kind == WHITELIST and "address" in form:
        tester, networks = form["address"].strip(), [form["address"]]
    else:
        tester, networks = _tester(host, form, kind)
    reason = form.get("reason", "").strip()
    if len(reason) > REASON_LIMIT:
        raise HttpError(400, _("The reason may have {limit} characters at most.").format(limit=REASON_LIMIT))
    until_tested = kind == WHITELIST and "until_tested" in form

    def work() -> str:
        opened = window.open_window(
            host,
            kind=kind,
            networks=networks,
            tester=tester,
            minutes=minutes,
            actor=visitor.actor,
            reason=reason,
            until_tested=until_tested,
        )
        return _with_note(Message("The test window is open."), opened)

    return work


def _with_note(message: str, row: Window) -> str:
    return join([message, row.remark], " ") if row.remark else message


def add_permanent_bypass(host: Host, visitor: Visitor, form: Mapping[str, str]) -> Work:
    address = form.get("address", "")

    def work() -> str:
        entry = window.open_permanent(host, address, actor=visitor.actor)
        return _with_note(Message("{address} is let past for good.", address=entry.networks[0]), entry)

    return work


def exempt_common_providers(host: Host, visitor: Visitor, _: Mapping[str, str]) -> Work:
    def work() -> str:
        entry = window.exempt_common_providers(host, actor=visitor.actor)
        return _with_note(Message("Common Mail Providers are exempt from the delay."), entry)

    return work


def extend_window(host: Host, visitor: Visitor, form: Mapping[str, str]) -> Work:
    identity, minutes = _number(form), _minutes(host, visitor, form)
    if not visitor.is_root:
        permissions.require_opening(host, permissions.require_window(host, visitor, identity).kind)

    def work() -> str:
        window.extend_window(host, identity, minutes, visitor.actor)
        return Message("The test window has a new deadline.")

    return work


def close_window(host: Host, visitor: Visitor, form: Mapping[str, str]) -> Work:
    identity = _number(form)
    if not visitor.is_root:
        permissions.require_window(host, visitor, identity)

    def work() -> str:
        closed = window.close_window(host, identity, visitor.actor)
        ended = (
            Message("The address is no longer let past.")
            if closed.kind == PERMANENT
            else Message("Common Mail Providers are no longer exempt from the delay.")
            if closed.permanent
            else Message("The test window is closed.")
        )
        return _with_note(ended, closed)

    return work


def add_tester_address(host: Host, visitor: Visitor, form: Mapping[str, str]) -> Work:
    """Add an address, which DNS has to confirm once more."""
    address, tester = form.get("address", ""), form.get("tester", "")

    def work() -> str:
        from mxverdict.services import tester_addresses

        added = tester_addresses.add(host, address, tester, visitor.actor)
        title = testers.load(host=host).tester(tester).title
        return Message("{address} is kept as an address of {tester}.", address=added.network, tester=title)

    return work


def remove_tester_address(host: Host, visitor: Visitor, form: Mapping[str, str]) -> Work:
    address = form.get("address", "")

    def work() -> str:
        from mxverdict.services import tester_addresses

        gone = tester_addresses.remove(host, address, visitor.actor)
        return Message(
            "{address} is forgotten; an open test window keeps it to its end.", address=gone.address
        )

    return work


def close_due(host: Host) -> Work:
    def work() -> str:
        window.close_due(host)
        return Message("Windows past their deadline are closed.")

    return work


def _minutes(host: Host, visitor: Visitor, form: Mapping[str, str]) -> int:
    limit = permissions.minutes_limit(settings.read(host), visitor)
    text = form.get("minutes", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= limit):
        raise HttpError(
            400, _("Minutes must be a whole number from 1 to {limit}.").format(limit=limit), field="minutes"
        )
    return int(text)


def _number(form: Mapping[str, str]) -> int:
    text = form.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HttpError(400, _("There is no such window."))
    return int(text)


def _tester(host: Host, form: Mapping[str, str], kind: str) -> tuple[str, list[str]]:
    """Return the tester's name, and the addresses that a window of that kind takes. Raises HttpError."""
    try:
        tester = testers.load(host=host).tester(form.get("tester", ""))
    except UsageError as error:
        raise HttpError(400, _("That tester is not known: {error}.").format(error=translate(error))) from None
    networks = [address.network for address in tester.addresses] if kind == WHITELIST else []
    if kind == WHITELIST and not networks:
        raise HttpError(
            400,
            _("{tester} publishes no addresses.").format(tester=tester.title),
            hint=_("Switch the delay off for everybody instead."),
        )
    return tester.name, networks
