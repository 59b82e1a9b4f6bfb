"""The command line: `mxverdict COMMAND …`. Exit statuses: 0 nothing wrong, 1 a real problem was found,
2 wrong usage, 3 could not be checked or done, 4 a window failed to close, whatever else there is to say."""

from __future__ import annotations

import argparse
import json
import os
import pwd
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from mxverdict import __version__
from mxverdict.commands.common import command, print_json, progress, root_host, seconds, tester_option
from mxverdict.errors import CloseFailed, JournalError, MxVerdictError, UsageError, WindowError
from mxverdict.host import Host
from mxverdict.text import visible

CLOSE_FAILED = 4
INTERRUPTED = 130
_UNLIMITED = 10_000
_UNFINISHED = {"opening": "is being opened", "closing": "is being closed", "close_failed": "FAILED TO CLOSE"}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status if options.run is _keeper else _status_aloud(status)
    except (CloseFailed, JournalError) as error:
        return _failed(error, options, error.exit_status)
    except MxVerdictError as error:
        return _failed(error, options, max(error.exit_status, _status_aloud(error.exit_status)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("mxverdict: stopped", file=sys.stderr)
        return INTERRUPTED


def _status_aloud(status: int) -> int:
    """Say on standard error what fails to close; answers the status to end with instead of `status`."""
    if os.geteuid() != 0:
        return status
    from mxverdict import window

    try:
        stuck = _stuck(window.open_windows(Host.from_environment()))
    except WindowError as error:
        print(f"mxverdict: {visible(str(error))}. {error.advice}", file=sys.stderr)
        return status or error.exit_status
    for one in stuck:
        print(f"mxverdict: window {one.id} FAILED TO CLOSE: {visible(one.error)}", file=sys.stderr)
    return CLOSE_FAILED if stuck else status


def _failed(error: MxVerdictError, options: argparse.Namespace, status: int) -> int:
    message = visible(" ".join(str(error).split()))
    if getattr(options, "json", False):
        print_json({"error": message, "advice": error.advice, "exit_status": status})
    print(f"mxverdict: {message}. {error.advice}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mxverdict",
        description="Says which findings of mail testers about this cPanel server are true, and opens test "
        "windows that close themselves.",
        epilog="Exit status: 0 nothing wrong, 1 a real problem was found, 2 wrong usage, 3 could not be "
        "checked or done, 4 a window failed to close.",
    )
    parser.add_argument("--version", action="version", version=f"mxverdict {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    check = command(commands, "check", _check, "the full diagnosis of this server")
    check.add_argument(
        "targets", nargs="*", metavar="TARGET", help="domain, host name or address of this server"
    )
    tester_option(check)
    check.add_argument(
        "--save", metavar="FILE", type=Path, help="keep all evidence in FILE for `mxverdict judge`"
    )
    check.add_argument("--transcript", action="store_true", help="print each tester's transcript too")
    check.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=45.0,
        help="patience with this server's own replies (default: 45)",
    )
    check.add_argument(
        "--whm",
        metavar="HOST[:PORT]",
        help="read the settings from WHM over HTTPS; the API token is taken from $MXVERDICT_WHM_TOKEN",
    )
    check.add_argument("--whm-user", default="root", help="the token's user (default: root)")
    trust = check.add_mutually_exclusive_group()
    trust.add_argument("--whm-ca", metavar="FILE", help="authority that signed WHM's certificate")
    trust.add_argument("--whm-insecure", action="store_true", help="accept any certificate of WHM")

    judge = command(commands, "judge", _judge, "judge saved evidence again, without a server")
    judge.add_argument("file", metavar="FILE", type=Path, help="what `mxverdict check --save` wrote")
    tester_option(judge)
    judge.add_argument("--transcript", action="store_true", help="print each tester's transcript too")

    preview = command(commands, "preview", _preview, "what Exim does to each tester, or to an address")
    preview.add_argument(
        "addresses", nargs="*", metavar="ADDRESS", help="IP addresses (default: the testers')"
    )
    tester_option(preview)

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
    opening.add_argument(
        "--tester", default="mxtoolbox", metavar="NAME", help="whose addresses (default: mxtoolbox)"
    )
    opening.add_argument(
        "--address", action="append", default=[], metavar="CIDR", help="these addresses instead"
    )
    opening.add_argument("--minutes", type=int, default=15, metavar="N", help="1 to 240 (default: 15)")
    opening.add_argument(
        "--until-tested", action="store_true", help="close early when Exim's log shows the tester's visit"
    )
    opening.add_argument("--reason", default="", metavar="TEXT", help="for the audit trail")
    command(actions, "list", _window_list, "open windows and the last closed ones")
    extend = command(
        actions,
        "extend",
        _window_extend,
        "move a window's deadline to N minutes from now, never to an earlier time",
    )
    extend.add_argument("id", type=int, nargs="?", metavar="ID", help="default: the only open one")
    extend.add_argument("--minutes", type=int, default=15, metavar="N", help="1 to 240 (default: 15)")
    close = command(actions, "close", _window_close, "close a window now")
    close.add_argument("id", type=int, nargs="?", metavar="ID", help="default: the only open one")
    close.add_argument("--all", action="store_true", help="close every open window")

    command(commands, "keeper", _keeper, "close what is due (the timer runs it)")
    return parser


def _check(options: argparse.Namespace) -> int:
    from mxverdict import check
    from mxverdict.report.json import report_json

    host = root_host()
    testers = check.chosen(options.tester)
    if options.save is not None and not options.save.absolute().parent.is_dir():
        raise UsageError(f"{options.save.parent} is no folder")
    windows = _tend_if_possible(host)
    evidence, report = check.run(
        host,
        targets=options.targets,
        testers=[tester.name for tester in testers],
        api=_whm(options),
        progress=progress,
        reply_timeout=options.timeout,
    )
    if options.save is not None:
        _save(options.save, evidence)
    if options.json:
        print_json({**report_json(report), "windows": [window.to_json() for window in windows]})
    else:
        _print_report(report, options.transcript, windows)
    return report.exit_status


def _judge(options: argparse.Namespace) -> int:
    from mxverdict import check
    from mxverdict.evidence import from_json
    from mxverdict.report.json import report_json

    try:
        evidence = from_json(json.loads(options.file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{options.file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{options.file} cannot be judged: {error}") from None
    report = check.again(evidence, options.tester)
    if options.json:
        print_json(report_json(report))
    else:
        _print_report(report, options.transcript, ())
    return report.exit_status


def _preview(options: argparse.Namespace) -> int:
    from mxverdict.check import chosen
    from mxverdict.collect.gather import preview_addresses
    from mxverdict.report.preview import preview_json, preview_lines

    testers = chosen(options.tester)
    host = root_host()
    _tend_if_possible(host)
    previews = preview_addresses(host, options.addresses, testers)
    if options.json:
        print_json({"previews": [preview_json(preview) for preview in previews]})
    else:
        print("\n".join(line for preview in previews for line in preview_lines(preview)))
    if any(not preview.understood for preview in previews):
        return 3
    return 1 if any(preview.failure for preview in previews) else 0


def _window_open(options: argparse.Namespace) -> int:
    from mxverdict import testers, window

    tester = testers.load().tester(options.tester)
    networks = options.address or [address.network for address in tester.addresses]
    if options.kind == "whitelist" and not networks:
        raise UsageError(
            f"{tester.title} publishes no addresses; name them with --address, or use --delay-off"
        )
    host = root_host()
    _tend(host)
    opened = window.open_window(
        host,
        kind=options.kind,
        networks=networks if options.kind == "whitelist" else (),
        tester=tester.name,
        minutes=options.minutes,
        actor=_actor(),
        reason=options.reason,
        until_tested=options.until_tested,
    )
    return _print_windows([opened], options)


def _window_list(options: argparse.Namespace) -> int:
    from mxverdict import window

    host = root_host()
    _tend(host)
    return _print_windows(window.list_windows(host, limit=20), options)


def _window_extend(options: argparse.Namespace) -> int:
    from mxverdict import window

    host = root_host()
    chosen = _chosen(host, options.id)
    return _print_windows([window.extend_window(host, chosen, options.minutes, _actor())], options)


def _window_close(options: argparse.Namespace) -> int:
    from mxverdict import window

    host = root_host()
    if not options.all:
        closed = window.close_window(host, _chosen(host, options.id), _actor())
        return _print_windows([closed], options)
    every = sorted(window.open_windows(host), key=lambda one: one.kind == "delay_off")
    failures: list[str] = []
    ended = []
    for one in every:
        try:
            ended.append(window.close_window(host, one.id, _actor()))
        except CloseFailed as error:
            failures.append(str(error))
    if failures:
        raise CloseFailed("; ".join(failures))
    return _print_windows(ended, options)


def _keeper(_: argparse.Namespace) -> int:
    from mxverdict.window import keeper

    return keeper.main()


def _tend(host: Host) -> Sequence[Any]:
    """Close what is due, as every command does. Returns what is open."""
    from mxverdict import window

    window.close_due(host)
    return window.open_windows(host)


def _tend_if_possible(host: Host) -> Sequence[Any]:
    """The same for commands that only look: an unusable journal is no reason to stop."""
    try:
        return _tend(host)
    except WindowError:
        return ()


def _stuck(windows: Sequence[Any]) -> list[Any]:
    return [window for window in windows if window.state == "close_failed"]


def _chosen(host: Host, window_id: Optional[int]) -> int:
    from mxverdict import window

    if window_id is not None:
        return window_id
    found = window.open_windows(host)
    if len(found) != 1:
        raise UsageError("no window is open" if not found else "several windows are open; name the ID")
    return int(found[0].id)


def _actor() -> Any:
    from mxverdict.window import Actor

    return Actor(os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name, "cli")


def _whm(options: argparse.Namespace) -> Any:
    if options.whm is None:
        return None
    from mxverdict.whm.https import HttpsWhmApi

    token = os.environ.get("MXVERDICT_WHM_TOKEN", "")
    server, _, port = options.whm.partition(":")
    if not token:
        raise UsageError("put the API token for --whm into $MXVERDICT_WHM_TOKEN")
    if port and not port.isdigit():
        raise UsageError(f"{options.whm!r} is no HOST:PORT")
    verify = False if options.whm_insecure else options.whm_ca or True
    return HttpsWhmApi(server, options.whm_user, token, port=int(port or 2087), verify=verify)


def _save(path: Path, evidence: Any) -> None:
    from mxverdict.evidence import to_json

    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(to_json(evidence), file, indent=1)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _print_report(report: Any, transcripts: bool, windows: Sequence[Any]) -> None:
    from rich.console import Console

    from mxverdict.report.text import print_report

    width = None if sys.stdout.isatty() else _UNLIMITED
    console = Console(highlight=False, markup=False, width=width)
    print_report(report, console, transcripts=transcripts)
    for window in windows:
        console.print(_window_line(window))


def _print_windows(windows: Sequence[Any], options: argparse.Namespace) -> int:
    if options.json:
        print_json({"windows": [window.to_json() for window in windows]})
    else:
        for window in windows:
            print(_window_line(window))
        if not windows:
            print("No test window.")
    return 0


def _window_line(window: Any) -> str:
    what = "delay off for all" if window.kind == "delay_off" else ", ".join(window.networks)
    deadline = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(window.deadline))
    left = int(window.seconds_left(time.time()))
    if window.state == "open":
        state = f"is open: closes at {deadline}, in {left // 60} min {left % 60:02d} s"
    elif window.closed_at is not None:
        ended = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(window.closed_at))
        state = f"{'is closed' if window.state == 'closed' else 'did not open'}: ended at {ended}"
    else:
        state = f"{_UNFINISHED.get(window.state, window.state)}: deadline {deadline}"
    notes = "".join(f"; {visible(note)}" for note in (window.remark, window.error) if note)
    return f"Test window {window.id} ({window.kind}, {what}) {state}{notes}"


if __name__ == "__main__":
    sys.exit(main())
