"""What is done to the server while the lock of one kind of window is held."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Callable, Optional

from mxverdict.audit import log
from mxverdict.audit.actor import KEEPER, Actor
from mxverdict.audit.log import Outcome
from mxverdict.errors import JournalError, MxVerdictError, UsageError, WindowRefused
from mxverdict.host import Host
from mxverdict.i18n.message import Message, join, message_of
from mxverdict.net.address import Network
from mxverdict.net.networks import MAX_NETWORKS, covered, parse, sample, show
from mxverdict.testers import UNKNOWN_HOSTS
from mxverdict.whm.api import LocalWhmApi, WhmApi
from mxverdict.window import messages, verify
from mxverdict.window.changes import bypass_list, common_providers, delay_setting, exim_config, greylist
from mxverdict.window.deadline import instant
from mxverdict.window.expiry import due
from mxverdict.window.journal import APPLIED, DEFERRED, PLANNED, REVERTED, Change, Journal
from mxverdict.window.model import (
    CLOSE_FAILED,
    CLOSED,
    CLOSING,
    COMMON_PROVIDERS,
    DELAY_OFF,
    FAILED,
    OPEN,
    OPENING,
    WHITELIST,
    Window,
    WindowState,
)
from mxverdict.window.watch import tester_visit

_API_TIMEOUT_CLOSING = 8.0
_FIRST_RETRY = 30.0
_LAST_RETRY = 900.0
_DOUBLINGS = 5
"""Of the first wait, up to the last one: tries are made for ever, and no number has room for all of them."""

_LIST_ENTRIES = "list_entries"
_TRUSTED_HOSTS = "trusted_hosts"
_DELAY_SETTING = "delay_setting"
_COMMON_PROVIDERS = "common_providers_setting"

ChangeStep = tuple[str, Callable[[Window, bypass_list.Record], list[str]]]
"""Kind of change, and what makes it; it writes its plan before anything else and returns notes."""


class WindowExecutor:
    """Whoever makes one holds the lock of `kind`."""

    def __init__(self, host: Host, journal: Journal, kind: str, api: Optional[WhmApi]) -> None:
        self.host = host
        self.kind = kind
        self.journal = journal
        self.api = api or LocalWhmApi(host)
        self.closing_api = api or LocalWhmApi(host, _API_TIMEOUT_CLOSING)

    def open(self, request: Window, actor: Actor) -> Window:
        """Raises WindowOpenError with everything reverted, WindowCloseError when not even that worked."""
        before, steps = self._prepare(request.kind, parse(request.networks), request.testers)
        window = self.journal.insert(dataclasses.replace(request, before=before))
        try:
            self.audit(actor, "open", window, messages.started_message(window), Outcome.BEGUN)
            remarks = self._apply(window, steps)
            inode, offset = tester_visit.log_position(self.host)
            verify.assert_no_delay(self.host, list(before), _sessions(window))
            opened = self.journal.store(
                dataclasses.replace(
                    window,
                    state=OPEN,
                    remark=messages.join_notes(window.remark, remarks),
                    log_inode=inode,
                    log_offset=offset,
                )
            )
        except BaseException as error:
            left = self._finish(window, actor, FAILED, messages.describe_error(error))
            if not isinstance(error, Exception):
                raise
            raise messages.open_failed(error, left.error if left.state == CLOSE_FAILED else "") from error
        with suppress(JournalError):
            self.audit(actor, "open", opened, messages.opened_message(opened))
        return opened

    def open_permanent(self, request: Window, actor: Actor) -> Window:
        """Like `open`, for an entry that stays. Raises WindowRefused when the address is listed already."""
        networks = parse(request.networks)
        for row in self.journal.unfinished():
            if row.permanent and set(row.networks) & set(request.networks):
                raise WindowRefused(
                    Message(
                        "{address} is a permanent entry already, number {number}",
                        address=request.networks[0],
                        number=row.id,
                    )
                )
        if bypass_list.is_listed(self.host, networks, self._others(request)):
            path = self.host.sender_verify_bypass_hosts
            raise WindowRefused(
                Message(
                    "{address} stands in {path} already, put there by somebody else",
                    address=request.networks[0],
                    path=path,
                )
            )
        return self.open(request, actor)

    def open_common_providers(self, request: Window, actor: Actor) -> Window:
        """Like `open`, for the exemption of Common Mail Providers. Raises WindowRefused for a second one."""
        for row in self.journal.unfinished():
            if row.kind == COMMON_PROVIDERS:
                raise WindowRefused(
                    Message(
                        "Common Mail Providers are a permanent entry already, number {number}", number=row.id
                    )
                )
        return self.open(request, actor)

    def join(self, window: Window, request: Window, actor: Actor) -> Window:
        """Add the addresses of a request to an open window; one of root's takes the window over, so that no
        reseller extends or closes what root added.

        Raises WindowOpenError when the addresses could not be added; the window stays as it was.
        """
        present = parse(window.networks)
        new = [network for network in parse(request.networks) if not covered(network, present)]
        if len(present) + len(new) > MAX_NETWORKS:
            raise UsageError(
                Message(
                    "window {number} has {count} addresses already; at most {limit}",
                    number=window.id,
                    count=len(present),
                    limit=MAX_NETWORKS,
                )
            )
        before: dict[str, int] = {}
        steps: list[ChangeStep] = []
        if new and window.kind == WHITELIST:
            before, steps = self._prepare(WHITELIST, new, request.testers)
        earlier = self.journal.changes(window.id)
        ends = window.ends.later(request.ends)
        try:
            if steps:
                self.audit(actor, "join", request, Message("begun"), Outcome.BEGUN, window.id)
            remarks = self._apply(window, steps)
            verify.assert_no_delay(self.host, list(before), window.testers)
            joined = self.journal.store(
                dataclasses.replace(
                    _taken_over(window, request, actor),
                    networks=window.networks + tuple(show(network) for network in new),
                    testers=messages.join_testers(window.testers, request.testers),
                    ends=ends,
                    minutes=request.minutes if ends == request.ends else window.minutes,
                    until_tested=window.until_tested and request.until_tested,
                    before={**before, **window.before},
                    remark=messages.join_notes(window.remark, remarks),
                )
            )
        except BaseException as error:
            errors = self._roll_back(window, earlier)
            with suppress(JournalError):
                self.audit(
                    actor, "rollback", request, messages.describe_error(error), Outcome.FAILED, window.id
                )
            if not isinstance(error, Exception):
                raise
            raise messages.open_failed(error, join(errors)) from error
        joined_for: str = Message("joined, for {minutes} minutes", minutes=request.minutes)
        if joined.opened_by != window.opened_by:
            taken = Message("taken over from {user}", user=window.opened_by)
            joined_for = messages.join_notes(joined_for, [taken])
        with suppress(JournalError):
            self.audit(actor, "join", request, joined_for, number=window.id)
        return joined

    def _roll_back(self, window: Window, earlier: Sequence[Change]) -> list[str]:
        """Revert what was added to the `earlier` changes of an open window. Return errors."""
        try:
            added = [change for change in self.journal.changes(window.id) if change not in earlier]
        except JournalError as error:
            return [message_of(error)]
        return self._revert_changes(window, added)[1]

    def close(self, window: Window, actor: Actor) -> Window:
        """Revert everything. Return it `closed` (`failed` when it had never opened) or `close_failed`."""
        if window.state == OPENING:
            return self._finish(
                window, actor, FAILED, Message("the process that opened it ended before it was open")
            )
        closing = dataclasses.replace(window, state=CLOSING)
        with suppress(JournalError):
            self.journal.store(closing)
        return self._finish(closing, actor, CLOSED, "")

    def close_expired(self, visited: Mapping[int, str] = MappingProxyType({})) -> list[Window]:
        """Close everything of this kind that is due, and windows that waited for their tester and were
        `visited` (numbers, and messages on the visits); a failing one does not stop the others."""
        now = instant(self.host)
        handled: list[Window] = []
        for window in self.journal.unfinished():
            if window.kind != self.kind:
                continue
            visit = visited.get(window.id, "") if window.state == OPEN and window.until_tested else ""
            if not visit and not due(window, now):
                continue
            ending = messages.with_visit(window, visit)
            try:
                handled.append(self.close(ending, KEEPER))
            except Exception as error:
                handled.append(
                    dataclasses.replace(ending, state=CLOSE_FAILED, error=messages.describe_error(error))
                )
        return handled

    def delete_reactivated(self) -> None:
        """Delete trusted hosts that outlived their window because greylisting was off and is on again."""
        for change in self.journal.deferred():
            if greylist.is_reactivated(self.host, change.plan):
                with suppress(MxVerdictError, greylist.RevertDeferred):
                    greylist.revert(self.host, self.closing_api, change.plan)
                    self.journal.mark(change.id, REVERTED)
                    log.record(
                        self.host,
                        KEEPER,
                        "close",
                        result=Message("trusted hosts of a closed window deleted"),
                        addresses=change.plan["networks"],
                    )

    def audit(
        self,
        actor: Actor,
        action: str,
        window: Window,
        result: str,
        outcome: Outcome = Outcome.DONE,
        number: Optional[int] = None,
    ) -> None:
        log.record(
            self.host,
            actor,
            action,
            result=result,
            outcome=outcome,
            window=window.id if number is None else number,
            kind=window.kind,
            addresses=window.networks,
            reason=window.reason,
        )

    def _prepare(
        self, kind: str, networks: Sequence[Network], testers: Sequence[str]
    ) -> tuple[dict[str, int], list[ChangeStep]]:
        """Delays before the window and the steps to take. Changes nothing."""
        host, api = self.host, self.api
        samples = [sample(network) for network in networks]
        if kind == DELAY_OFF:
            samples.append(UNKNOWN_HOSTS[4])
            delay_setting.check(host)
            before = verify.delays(host, samples, testers)
            return before, [(_DELAY_SETTING, lambda _, record: delay_setting.apply(host, api, record))]
        if kind == COMMON_PROVIDERS:
            return self._prepare_common_providers()
        steps: list[ChangeStep] = [
            (
                _LIST_ENTRIES,
                lambda window, record: bypass_list.apply(host, networks, record, self._others(window)),
            )
        ]
        if kind == WHITELIST and greylist.enabled(api):
            steps.append(
                (
                    _TRUSTED_HOSTS,
                    lambda window, record: greylist.apply(
                        host, api, networks, f"MX Verdict window {window.id}", record
                    ),
                )
            )
        if not host.sender_verify_bypass_hosts.exists():
            return dict.fromkeys(samples, 0), steps
        return verify.delays(host, samples, testers), steps

    def _prepare_common_providers(self) -> tuple[dict[str, int], list[ChangeStep]]:
        host, api = self.host, self.api
        common_providers.check(host)
        found = common_providers.samples(host)
        before = verify.delays(host, [one.address for one in found.chosen], verify.FULL_SESSION)

        def apply(_: Window, record: bypass_list.Record) -> list[str]:
            remarks = common_providers.apply(host, api, record)
            return [*remarks, common_providers.proof_message(found, list(before.values()))]

        return before, [(_COMMON_PROVIDERS, apply)]

    def _apply(self, window: Window, steps: Sequence[ChangeStep]) -> list[str]:
        remarks: list[str] = []
        for kind, step in steps:
            remarks += self._take(window, kind, step)
        return remarks

    def _take(
        self, window: Window, kind: str, step: Callable[[Window, bypass_list.Record], list[str]]
    ) -> list[str]:
        change_id: Optional[int] = None

        def record(plan: dict[str, Any]) -> None:
            nonlocal change_id
            change_id = self.journal.plan(window.id, kind, plan, change_id)

        remarks = step(window, record)
        if change_id is not None:
            self.journal.mark(change_id, APPLIED)
        return remarks

    def _finish(self, window: Window, actor: Actor, success: WindowState, why: str) -> Window:
        """Put the changes back, prove it, and store what came of it. What the journal does not take is
        answered as `close_failed`: the keeper goes on from what the journal says."""
        remarks: list[str] = []
        errors: list[str] = []
        try:
            remarks, errors = self._revert_changes(window, self.journal.changes(window.id))
            if not errors and self.journal.has_changes(window.id):
                remarks += verify.assert_delay_restored(self.host, window.before, _sessions(window))
        except Exception as error:
            errors.append(messages.describe_error(error))
        now = instant(self.host).wall
        noted = dataclasses.replace(
            window, remark=messages.join_notes(window.remark, remarks), last_attempt=now
        )
        if errors:
            problem = join([why, *errors] if why else errors)
            wait = min(_FIRST_RETRY * 2 ** min(window.attempts, _DOUBLINGS), _LAST_RETRY)
            done = dataclasses.replace(
                noted,
                state=CLOSE_FAILED,
                error=problem,
                attempts=window.attempts + 1,
                next_attempt=now + wait,
            )
            with suppress(JournalError):
                self.audit(actor, CLOSE_FAILED, done, problem, Outcome.FAILED)
        else:
            if window.attempts:
                noted = dataclasses.replace(
                    noted,
                    remark=messages.join_notes(noted.remark, [messages.retried_message(window.attempts)]),
                )
            done = dataclasses.replace(noted, state=success, error=why, closed_at=now)
            action, outcome = ("rollback", Outcome.FAILED) if success == FAILED else ("close", Outcome.NOTED)
            note = why or done.remark
            with suppress(JournalError):
                self.audit(actor, action, done, note or Message("closed"), outcome if note else Outcome.DONE)
        try:
            return self.journal.store(done)
        except JournalError as error:
            problem = join([done.error or Message("everything was put back"), message_of(error)])
            with suppress(JournalError):
                self.audit(actor, CLOSE_FAILED, done, problem, Outcome.FAILED)
            return dataclasses.replace(done, state=CLOSE_FAILED, error=problem, closed_at=None)

    def _others(self, window: Window, after: int = 0) -> list[str]:
        """Lines in the list file that other windows and permanent entries have put there, or those that they
        put there after a change."""
        with suppress(JournalError):
            pending = self.journal.pending(_LIST_ENTRIES, window.id)
            return [line for change in pending if change.id > after for line in change.plan["lines"]]
        return []

    def _revert_changes(self, window: Window, changes: Sequence[Change]) -> tuple[list[str], list[str]]:
        """Revert the changes, last one first, each on its own. Return notes and errors."""
        remarks: list[str] = []
        errors: list[str] = []
        for change in reversed(changes):
            state = REVERTED
            try:
                remarks += self._revert(window, change)
            except greylist.RevertDeferred:
                state = DEFERRED
                remarks.append(
                    Message(
                        "Greylisting was switched off meanwhile: the trusted hosts of this window have "
                        "no effect and are deleted as soon as it is on again"
                    )
                )
            except Exception as error:  # whatever it is, the other changes must still be reverted
                errors.append(messages.describe_error(error))
                continue
            with suppress(JournalError):
                self.journal.mark(change.id, state)
        return remarks, errors

    def _revert(self, window: Window, change: Change) -> list[str]:
        if change.kind == _LIST_ENTRIES:
            applied = change.state == APPLIED
            others, in_front = self._others(window), self._others(window, change.id)
            return bypass_list.revert(self.host, change.plan, applied, others, in_front)
        if change.kind == _TRUSTED_HOSTS:
            if change.state == PLANNED:
                exim_config.end_orphans(self.host, greylist.CHANGES)
            return greylist.revert(self.host, self.closing_api, change.plan)
        if change.kind == _COMMON_PROVIDERS:
            return common_providers.revert(self.host, self.closing_api, change.plan)
        return delay_setting.revert(self.host, self.closing_api, change.plan)


def _sessions(window: Window) -> Sequence[str]:
    """By whose SMTP commands the proof goes."""
    return verify.FULL_SESSION if window.kind == COMMON_PROVIDERS else window.testers


def _taken_over(window: Window, request: Window, actor: Actor) -> Window:
    """`window` as one of whoever joins it with `request`; a reseller joins none but their own."""
    if actor.delegated or (request.opened_by, request.origin) == (window.opened_by, window.origin):
        return window
    return dataclasses.replace(
        window, opened_by=request.opened_by, origin=request.origin, reason=request.reason
    )
