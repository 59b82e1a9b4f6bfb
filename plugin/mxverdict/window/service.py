"""The public functions that change something: open (or join), extend, close, close what is due.

Journal first, then the change, then the proof. Whatever the process dies of, the journal says what was to be
changed, and `close_due` puts it back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Optional

from mxverdict import settings
from mxverdict.audit import log
from mxverdict.audit.actor import KEEPER, Actor
from mxverdict.audit.log import RefusedAction
from mxverdict.errors import (
    JournalCorruptError,
    JournalError,
    MxVerdictError,
    UsageError,
    WindowCloseError,
    WindowLockedError,
    WindowOpenError,
    WindowRefused,
)
from mxverdict.fs.lock import exclusive
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.net.address import Network
from mxverdict.net.networks import parse, show
from mxverdict.sanitize import escape_control
from mxverdict.whm.api import WhmApi
from mxverdict.window.deadline import Deadline, instant
from mxverdict.window.executor import WindowExecutor
from mxverdict.window.expiry import anything_due, visited
from mxverdict.window.journal import Journal, reading
from mxverdict.window.journal_repair import repair_journal
from mxverdict.window.messages import with_visit
from mxverdict.window.model import (
    CLOSE_FAILED,
    CLOSING,
    COMMON_PROVIDERS,
    ENTRIES,
    FAILED,
    FOREVER,
    KINDS,
    LOCKS,
    OPEN,
    OPENING,
    PERMANENT,
    WHITELIST,
    Window,
    WindowKind,
    WindowState,
)
from mxverdict.window.watch import spawn, tester_visit

_LOCK_WAIT = 60.0
_REASON = 200


def open_window(
    host: Host,
    *,
    kind: str,
    networks: Sequence[str],
    tester: str,
    minutes: int,
    actor: Actor,
    reason: str = "",
    until_tested: bool = False,
    api: Optional[WhmApi] = None,
) -> Window:
    """Open a window, or join the open one of the same kind.

    Joining adds the networks that the open window lacks, moves its deadline to the later of the two and names
    both testers; it closes early on a visit only when both requests want that. A process that is left behind
    follows the log for that; without it the keeper's next round closes the window.
    Raises UsageError, WindowRefused, WindowLockedError, JournalError, WhmError or HostError with nothing
    changed, WindowOpenError with everything reverted, WindowCloseError when that failed (the keeper goes on
    trying).
    """
    with _refusals(host, actor, RefusedAction.OPEN, kind=kind, addresses=networks, reason=reason):
        request = _request(host, kind, networks, tester, minutes, actor, reason, until_tested)
        seen = _visited(host, kind)
        with _working(host, kind, _LOCK_WAIT) as journal:
            opened = _open_or_join(WindowExecutor(host, journal, kind, api), request, actor, seen)
    if opened.until_tested:
        spawn.start(host, opened.id)
    return opened


def open_permanent(
    host: Host,
    address: str,
    *,
    actor: Actor,
    reason: str = "",
    tester: str = "",
    api: Optional[WhmApi] = None,
) -> Window:
    """Exempt one address from the delay and sender verification permanently: a row that only `close_window`
    ends.

    Greylisting's trusted hosts stay as they are: whoever delivers mail passes greylisting by itself. Raises
    what `open_window` raises; WindowRefused too for an address that is listed already.
    """
    with _refusals(host, actor, RefusedAction.PERMANENT, kind=PERMANENT, addresses=[address], reason=reason):
        (network,) = parse([address])
        if network.num_addresses != 1:
            raise UsageError(
                Message(
                    "{address} is more than one address; a permanent entry takes one", address=show(network)
                )
            )
        request = _row(host, PERMANENT, [network], tester, 0, actor, reason, until_tested=False)
        with _working(host, PERMANENT, _LOCK_WAIT) as journal:
            server = WindowExecutor(host, journal, PERMANENT, api)
            server.close_expired()
            return server.open_permanent(request, actor)


def exempt_common_providers(
    host: Host, *, actor: Actor, reason: str = "", api: Optional[WhmApi] = None
) -> Window:
    """Exempt WHM's Common Mail Providers from the delay permanently, by WHM's own switch: a row that only
    `close_window` ends.

    Raises what `open_window` raises; WindowRefused too where the switch can have no effect or is on already.
    """
    about = {"kind": COMMON_PROVIDERS, "reason": reason}
    with _refusals(host, actor, RefusedAction.COMMON_PROVIDERS, **about):
        request = _row(host, COMMON_PROVIDERS, [], "", 0, actor, reason, until_tested=False)
        with _working(host, COMMON_PROVIDERS, _LOCK_WAIT) as journal:
            server = WindowExecutor(host, journal, COMMON_PROVIDERS, api)
            server.close_expired()
            return server.open_common_providers(request, actor)


def _open_or_join(
    server: WindowExecutor, request: Window, actor: Actor, visited: Mapping[int, str]
) -> Window:
    _require_allowed(server.host, actor, request.kind, request.minutes)
    server.close_expired(visited)
    running = [window for window in server.journal.unfinished() if window.kind == request.kind]
    if not running:
        return server.open(request, actor)
    if not running[0].belongs_to(actor):
        raise WindowRefused(
            Message("a test window that somebody else opened is still open; open yours when it has closed")
        )
    if running[0].state == OPEN:
        return server.join(running[0], request, actor)
    raise WindowRefused(
        Message(
            "window {number} of this kind has not closed yet: {error}",
            number=running[0].id,
            error=running[0].error,
        )
    )


def extend_window(host: Host, window_id: int, minutes: int, actor: Actor) -> Window:
    """Move the deadline to `minutes` from now, never to an earlier time. Raises UsageError, WindowRefused."""
    with _refusals(host, actor, RefusedAction.EXTEND, window=window_id):
        settings.validate_minutes(host, minutes)
        kind = _kind(host, window_id)
        seen = _visited(host, kind)
        with _working(host, kind, _LOCK_WAIT) as journal:
            server = WindowExecutor(host, journal, kind, None)
            server.close_expired(seen)
            _require_allowed(host, actor, kind, minutes)
            window = _known(journal, window_id, actor)
            if window.permanent:
                raise WindowRefused(
                    Message("entry {number} is permanent and has no deadline", number=window_id)
                )
            if window.state != OPEN:
                raise WindowRefused(_not_extended(window.state).format(number=window_id))
            asked = Deadline.after(instant(host), minutes * 60)
            longer = window
            if window.ends.later(asked) == asked:
                longer = dataclasses.replace(window, ends=asked, minutes=minutes)
            server.audit(actor, "extend", longer, _asked(minutes))
            return journal.store(longer)


def close_window(host: Host, window_id: int, actor: Actor, api: Optional[WhmApi] = None) -> Window:
    """Close a window now. Raises WindowCloseError when that did not work: the keeper goes on trying."""
    with _refusals(host, actor, RefusedAction.CLOSE, window=window_id):
        kind = _kind(host, window_id)
        with _working(host, kind, _LOCK_WAIT) as journal:
            window = _known(journal, window_id, actor)
            if window.finished:
                reason = Message("window {number} is closed already")
                if window.state == FAILED:
                    reason = Message("window {number} did not open, so there is nothing to close")
                raise WindowRefused(reason.format(number=window_id))
            server = WindowExecutor(host, journal, kind, api)
            closed = server.close(window, actor)
    if closed.state == CLOSE_FAILED:
        raise WindowCloseError(
            Message("window {number} did not close: {error}", number=window_id, error=closed.error)
        )
    return closed


def close_tested(host: Host, window_id: int, visit: str) -> Window:
    """Close a window that waits for its tester, who has been there; `visit` is the message on that.

    Return the window, `close_failed` when that did not work (the keeper goes on trying). One that is not
    open any more, or does not wait any more, stays as it is. Raises WindowLockedError, JournalError.
    """
    kind = _kind(host, window_id)
    with _working(host, kind, _LOCK_WAIT) as journal:
        window = _known(journal, window_id)
        if window.state != OPEN or not window.until_tested:
            return window
        return WindowExecutor(host, journal, kind, None).close(with_visit(window, visit), KEEPER)


def close_due(
    host: Host, api: Optional[WhmApi] = None, *, kinds: Sequence[str] = KINDS, wait: float = 0.0
) -> list[Window]:
    """Close everything that is due and roll back what a killed process left half done; returns those windows.

    A kind whose lock somebody else holds for longer than `wait` seconds is left to the next call. One failing
    window never stops the others and never raises. Raises JournalError when there is a journal that can be
    neither read nor restored.
    """
    handled: list[Window] = []
    for kind in kinds:
        together = (kind, *(entry for entry, lock in LOCKS.items() if lock == kind))
        seen: dict[int, str] = {}
        with suppress(JournalCorruptError), reading(host) as journal:
            if journal is None:
                continue
            seen = visited(host, journal, *together)
            if not seen and not anything_due(host, journal, *together):
                continue
        with suppress(WindowLockedError), _working(host, kind, wait) as journal:
            for one in together:
                server = WindowExecutor(host, journal, one, api)
                handled += server.close_expired(seen)
                if one == WHITELIST:
                    server.delete_reactivated()
    return handled


def _request(
    host: Host,
    kind: str,
    networks: Sequence[str],
    tester: str,
    minutes: int,
    actor: Actor,
    reason: str,
    until_tested: bool,
) -> Window:
    if kind not in KINDS:
        raise UsageError(
            Message(
                "{kind} is no kind of window; it is {kinds}",
                kind=repr(escape_control(kind, 40)),
                kinds=" or ".join(KINDS),
            )
        )
    settings.validate_minutes(host, minutes)
    parsed = parse(networks)
    if kind == WHITELIST and not parsed:
        raise UsageError(Message("a whitelist window needs at least one address"))
    if until_tested and not parsed:
        raise UsageError(Message("“until tested” needs the tester's addresses"))
    return _row(host, WindowKind(kind), parsed, tester, minutes, actor, reason, until_tested)


def _row(
    host: Host,
    kind: WindowKind,
    networks: Sequence[Network],
    tester: str,
    minutes: int,
    actor: Actor,
    reason: str,
    until_tested: bool,
) -> Window:
    now = instant(host)
    permanent = kind in ENTRIES
    inode, offset = tester_visit.log_position(host)
    return Window(
        id=0,
        kind=kind,
        state=OPENING,
        testers=(escape_control(tester, 64),) if tester else (),
        networks=tuple(show(network) for network in networks),
        opened_at=now.wall,
        ends=Deadline.never(now, FOREVER) if permanent else Deadline.after(now, minutes * 60),
        minutes=minutes,
        opened_by=escape_control(actor.user, 64),
        origin=escape_control(actor.origin, 16),
        reason=escape_control(reason, _REASON),
        until_tested=until_tested,
        before={},
        log_inode=inode,
        log_offset=offset,
    )


def _visited(host: Host, kind: str) -> dict[int, str]:
    """Before the lock is taken, for the log may be where a look hangs."""
    with suppress(JournalError), reading(host) as journal:
        return {} if journal is None else visited(host, journal, kind)
    return {}


def _kind(host: Host, window_id: int) -> str:
    repair_journal(host, _LOCK_WAIT)
    with reading(host) as journal:
        return _known(journal, window_id).kind


def _known(journal: Optional[Journal], window_id: int, actor: Actor = KEEPER) -> Window:
    """The window of that number, which `actor` may change. Raises UsageError, WindowRefused."""
    window = None if journal is None else journal.window(window_id)
    if window is None:
        raise UsageError(Message("there is no window {number}", number=window_id))
    if not window.belongs_to(actor):
        raise WindowRefused(Message("window {number} is not one that you opened", number=window_id))
    return window


def _require_allowed(host: Host, actor: Actor, kind: str, minutes: int) -> None:
    """What the settings allow resellers, asked once more with the lock held. Raises WindowRefused."""
    if not actor.delegated:
        return
    allowed = settings.read(host)
    if kind != WHITELIST or not allowed.resellers_may_open or minutes > allowed.resellers_most_minutes:
        raise WindowRefused(Message("the owner of this server no longer lets resellers do that"))


def _not_extended(state: WindowState) -> str:
    return {
        OPENING: Message("window {number} is still being opened and cannot be extended"),
        CLOSING: Message("window {number} is being closed and cannot be extended"),
        FAILED: Message("window {number} did not open and cannot be extended"),
        CLOSE_FAILED: Message("window {number} is overdue, could not be closed yet and cannot be extended"),
    }.get(state, Message("window {number} is closed and cannot be extended"))


@contextmanager
def _working(host: Host, kind: str, wait: float) -> Iterator[Journal]:
    """The journal, sound, with the lock of that kind held, under which everything of the kind is changed.

    Whoever holds it and finds a window of that kind `opening` or `closing` knows that the process at work on
    it is gone. The kinds change different files, and a hanging build of Exim's configuration must not keep a
    whitelist window open. Permanent entries change the same file as whitelist windows, or as delay-off
    windows, and share their lock.
    """
    repair_journal(host, wait)
    with (
        exclusive(host, LOCKS.get(WindowKind(kind), kind), wait),
        closing(Journal(host, create=True)) as journal,
    ):
        yield journal


@contextmanager
def _refusals(host: Host, actor: Actor, refused: RefusedAction, **about: Any) -> Iterator[None]:
    """Put a request that ends before anything changed into the audit trail."""
    try:
        yield
    except (WindowOpenError, WindowCloseError):
        raise
    except MxVerdictError as error:
        log.record_refusal(host, actor, refused, error, **about)
        raise


def _asked(minutes: int) -> str:
    if minutes == 1:
        return Message("asked for 1 minute from that time")
    return Message("asked for {count} minutes from that time", count=minutes)
