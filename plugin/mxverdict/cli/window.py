"""`mxverdict window …`: open, list, extend and close test windows."""

from __future__ import annotations

import argparse
import os
import pwd
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.cli.common import close_expired, command, print_json, progress, root_host
from mxverdict.errors import UsageError, WindowCloseError, WindowRefused
from mxverdict.host import Host
from mxverdict.sanitize import visible

if TYPE_CHECKING:
    from mxverdict.testers import Tester

_MINUTES = "1 to 240, or less where the settings say so (default: theirs, 15 unless changed)"
_UNFINISHED = {"opening": "is being opened", "closing": "is being closed", "close_failed": "FAILED TO CLOSE"}


def register(commands: Any) -> None:
    window = commands.add_parser("window", help="test windows that close themselves")
    actions = window.add_subparsers(metavar="ACTION", required=True)
    opening = command(actions, "open", _window_open, "open a test window")
    kind = opening.add_mutually_exclusive_group()
    kind.add_argument(
        "--whitelist",
        dest="kind",
        action="store_const",
        const="whitelist",
        default="whitelist",
        help="let the tester's addresses past the delay (default)",
    )
    kind.add_argument(
        "--delay-off",
        dest="kind",
        action="store_const",
        const="delay_off",
        help="switch the delay off for all",
    )
    kind.add_argument(
        "--common-mail-providers",
        dest="kind",
        action="store_const",
        const="common_mail_providers",
        help="exempt WHM's Common Mail Providers (Gmail, Microsoft 365 …) from the delay permanently, by "
        "WHM's own option; rebuilds and restarts Exim; `window close ID` takes it back",
    )
    opening.add_argument(
        "--dry-run",
        action="store_true",
        help="change nothing; show what would be edited and what Exim would do (--common-mail-providers)",
    )
    opening.add_argument("--tester", metavar="NAME", help="whose addresses (default: that of the settings)")
    opening.add_argument(
        "--address", action="append", default=[], metavar="CIDR", help="these addresses instead"
    )
    ending = opening.add_mutually_exclusive_group()
    ending.add_argument("--minutes", type=int, metavar="N", help=_MINUTES)
    ending.add_argument(
        "--permanent",
        action="store_true",
        help="let each --address, a single one, past the delay and sender verification for good; "
        "`window close ID` takes it back",
    )
    opening.add_argument(
        "--until-tested", action="store_true", help="close early when Exim's log shows the tester's visit"
    )
    opening.add_argument(
        "--wait", action="store_true", help="wait for that visit and say what the tester met (--until-tested)"
    )
    opening.add_argument("--reason", default="", metavar="TEXT", help="for the audit trail")
    command(actions, "list", _window_list, "open windows, the last closed ones, and permanent entries")
    extend = command(
        actions,
        "extend",
        _window_extend,
        "move a window's deadline to N minutes from now, never to an earlier time",
    )
    extend.add_argument("id", type=_number, nargs="?", metavar="ID", help="default: the only open one")
    extend.add_argument("--minutes", type=int, metavar="N", help=_MINUTES)
    close = command(actions, "close", _window_close, "close a window now, or take a permanent entry back")
    close.add_argument("id", type=_number, nargs="?", metavar="ID", help="default: the only open one")
    close.add_argument("--all", action="store_true", help="close every open window; permanent entries stay")


def _window_open(options: argparse.Namespace) -> int:
    from mxverdict import settings, testers, window

    host = root_host()
    if options.kind == "common_mail_providers":
        return _exempt_common_providers(host, options)
    if options.dry_run:
        raise UsageError("--dry-run goes with --common-mail-providers")
    if options.permanent:
        return _open_permanent(host, options)
    usual = settings.read(host)
    tester = testers.load(host=host).tester(options.tester or usual.tester)
    networks = options.address or [address.network for address in tester.addresses]
    if options.kind == "whitelist" and not networks:
        raise UsageError(
            f"{tester.title} publishes no addresses; name them with --address, or use --delay-off"
        )
    close_expired(host)
    until_tested = options.until_tested or options.wait
    opened = window.open_window(
        host,
        kind=options.kind,
        networks=networks if options.kind == "whitelist" or until_tested else (),
        tester=tester.name,
        minutes=usual.minutes if options.minutes is None else options.minutes,
        actor=actor(),
        reason=options.reason,
        until_tested=until_tested,
    )
    where = "" if options.json or options.address else _page(host, tester)
    if options.wait:
        return _wait(host, opened, options, where)
    _print_windows([opened], options)
    if where:
        print(where)
    return 0


def _page(host: Host, tester: Tester) -> str:
    from mxverdict.collect.server import name_of

    address = tester.page.of(name_of(host)) if tester.page else ""
    return address and f"Run the test now: {visible(address)}"


def _open_permanent(host: Host, options: argparse.Namespace) -> int:
    """Each address has a row of its own; what was refused leaves the others as they are."""
    from mxverdict import window

    if options.kind != "whitelist" or options.until_tested or options.wait:
        raise UsageError("a permanent entry has no end: --permanent goes with --address and --reason alone")
    if options.tester is not None:
        raise UsageError("a tester's addresses change; name each address that is to stay with --address")
    if not options.address:
        raise UsageError("--permanent needs the address that you have confirmed, with --address")
    close_expired(host)
    entries = [
        window.open_permanent(host, address, actor=actor(), reason=options.reason)
        for address in options.address
    ]
    return _print_windows(entries, options)


def _exempt_common_providers(host: Host, options: argparse.Namespace) -> int:
    from mxverdict import window

    named = (options.tester, options.minutes, *options.address)
    if options.permanent or options.until_tested or options.wait or any(one is not None for one in named):
        raise UsageError(
            "--common-mail-providers has no end and takes WHM's own list: only --reason goes with it"
        )
    close_expired(host)
    if options.dry_run:
        return _dry_run(host, options)
    progress("building Exim's configuration and restarting Exim")
    entry = window.exempt_common_providers(host, actor=actor(), reason=options.reason)
    return _print_windows([entry], options)


def _dry_run(host: Host, options: argparse.Namespace) -> int:
    from mxverdict.report.dry_run import dry_run_json, dry_run_lines
    from mxverdict.window.dry_run import simulate_common_providers

    progress("checking the settings with buildeximconf, and simulating sessions")
    found = simulate_common_providers(host)
    if options.json:
        print_json({"dry_run": dry_run_json(found)})
    else:
        print("\n".join(dry_run_lines(found)))
    return 0


def _wait(host: Host, opened: Any, options: argparse.Namespace, where: str) -> int:
    """Exit status 3 when the window ended without a visit."""
    from mxverdict.window.watcher import follow

    if not opened.until_tested:
        raise UsageError(f"window {opened.id} was open already and stays so, tested or not")
    if not options.json:
        print("\n".join(filter(None, (window_line(opened), where))), flush=True)
    progress(f"waiting for the tester … (Ctrl-C ends the waiting; window {opened.id} closes all the same)")
    ended = follow(host, opened.id) or opened
    _print_windows([ended], options)
    return 0 if ended.tested else 3


def _number(text: str) -> int:
    """A window's number, as an option. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not the number of a window")
    return int(text)


def _window_list(options: argparse.Namespace) -> int:
    from mxverdict import window

    host = root_host()
    close_expired(host)
    entries = window.permanent_entries(host)
    windows = window.list_windows(host, limit=20)
    if options.json:
        rows = {"windows": windows, "permanent": entries}
        print_json({name: [one.to_json() for one in found] for name, found in rows.items()})
        return 0
    _print_windows(windows, options)
    if entries:
        print("Permanent entries, which stay until they are taken back with `mxverdict window close ID`:")
        for entry in entries:
            print(f"  {window_line(entry)}")
    return 0


def _window_extend(options: argparse.Namespace) -> int:
    from mxverdict import settings, window

    host = root_host()
    chosen = _chosen(host, options.id)
    minutes = settings.read(host).minutes if options.minutes is None else options.minutes
    return _print_windows([window.extend_window(host, chosen, minutes, actor())], options)


def _window_close(options: argparse.Namespace) -> int:
    from mxverdict import window

    host = root_host()
    if not options.all:
        closed = window.close_window(host, _chosen(host, options.id), actor())
        return _print_windows([closed], options)
    every = sorted(window.open_windows(host), key=lambda one: one.kind == "delay_off")
    failures: list[str] = []
    ended = []
    for one in every:
        try:
            ended.append(window.close_window(host, one.id, actor()))
        except WindowCloseError as error:
            failures.append(str(error))
    if failures:
        raise WindowCloseError("; ".join(failures))
    return _print_windows(ended, options)


def _chosen(host: Host, window_id: Optional[int]) -> int:
    from mxverdict import window

    if window_id is not None:
        return window_id
    found = window.open_windows(host)
    if len(found) != 1:
        raise WindowRefused("no window is open" if not found else "several windows are open; name the ID")
    return int(found[0].id)


def actor() -> Any:
    """Who runs the command, also behind sudo."""
    from mxverdict.audit.actor import Actor

    return Actor(os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name, "cli")


def _print_windows(windows: Sequence[Any], options: argparse.Namespace) -> int:
    if options.json:
        print_json({"windows": [window.to_json() for window in windows]})
    else:
        for window in windows:
            print(window_line(window))
        if not windows:
            print("No test window.")
    return 0


def window_line(window: Any) -> str:
    if window.permanent:
        return _entry_line(window)
    past = f"past the delay: {', '.join(window.networks)}"
    what = "delay off for all" if window.kind == "delay_off" else past
    deadline = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(window.deadline))
    left = int(window.seconds_left(time.time()))
    if window.state == "open":
        state = f"is open: closes at {deadline}, in {left // 60} min {left % 60:02d} s"
        state += ", or when the tester has been here" if window.until_tested else ""
    elif window.closed_at is not None:
        ended = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(window.closed_at))
        state = f"{'is closed' if window.state == 'closed' else 'did not open'}: ended at {ended}"
    else:
        state = f"{_UNFINISHED.get(window.state, window.state)}: deadline {deadline}"
    notes = "".join(f"; {visible(note)}" for note in (window.remark, window.error) if note)
    return f"Test window {window.id} ({what}) {state}{notes}"


def _entry_line(entry: Any) -> str:
    if entry.is_active_entry:
        since = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(entry.opened_at))
        state = f"stands since {since}, by {visible(entry.opened_by)}"
        state += f" ({visible(entry.reason)})" if entry.reason else ""
    elif entry.closed_at is not None:
        ended = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(entry.closed_at))
        state = f"{'was taken back' if entry.state == 'closed' else 'did not come about'}: {ended}"
    else:
        state = _UNFINISHED.get(entry.state, entry.state)
    notes = "".join(f"; {visible(note)}" for note in (entry.remark, entry.error) if note)
    what = "Common Mail Providers" if entry.kind == "common_mail_providers" else ", ".join(entry.networks)
    return f"Permanent entry {entry.id} ({what}) {state}{notes}"
