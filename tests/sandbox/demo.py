"""`python -m tests.sandbox.demo`: MX Verdict on a stand-in cPanel server, until Ctrl-C or `--once` by itself.

Exit status: 0 done, or every step of the story was true · 1 a step was not · 2 wrong usage · 3 cannot run
here · 128 + the signal's number when a signal ended the story.
"""

from __future__ import annotations

import argparse
import errno
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, Optional

from tests.sandbox.box import Sandbox
from tests.sandbox.demo_commands import KEEPER_SECONDS, Commands, Timer
from tests.sandbox.demo_story import Story
from tests.sandbox.server_files import exim_program
from tests.sandbox.whm import defaults

_ADDRESS = "127.0.0.1"
_PORT = 2087
_PORTS_TRIED = 100
_PROGRAMS = ("ip", "named", "openssl", "perl")
_PACKAGES = ("dns", "jinja2", "requests", "rich")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotRun(Exception):
    """The message is one line for the user."""


class Stopped(BaseException):
    """A signal asked the demo to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def main(arguments: Optional[Sequence[str]] = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _check_machine()
        _heed_signals()
        return _once(options.minutes) if options.once else _serve(options.port)
    except (CannotRun, RuntimeError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 3
    except Stopped as stopped:
        print(flush=True)
        return 128 + stopped.number if options.once else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="demo", description="Show MX Verdict on a stand-in cPanel server around a real Exim."
    )
    parser.add_argument("--once", action="store_true", help="play the whole story without a person")
    parser.add_argument(
        "--port", type=_port, default=_PORT, help=f"serve WHM here, or on the next free port ({_PORT})"
    )
    parser.add_argument("--minutes", type=int, default=2, help="length of the story's two test windows (2)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def _heed_signals() -> None:
    """Those that our starter ignores (nohup) stay ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, frame: Optional[FrameType]) -> NoReturn:
    """Once: whoever presses Ctrl-C twice must not interrupt the cleaning up."""
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    raise Stopped(number)


def _check_machine() -> None:
    """Raises CannotRun."""
    if os.geteuid() != 0:
        raise CannotRun("needs root (network namespaces, a mail server on port 25): run it with sudo")
    folders = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [name for name in _PROGRAMS if not shutil.which(name, path=folders)]
    missing += [f"Python package {name}" for name in _PACKAGES if importlib.util.find_spec(name) is None]
    try:
        exim_program()
    except RuntimeError:
        missing.append("exim")
    if missing:
        raise CannotRun(f"missing: {', '.join(missing)}; ./install.sh --demo installs it")


def _once(minutes: int) -> int:
    with _sandbox() as box:
        commands = Commands(box)
        with Timer(box, _tell):
            return 0 if Story(box, commands, minutes).play() else 1


def _serve(port: int) -> int:
    with _sandbox() as box:
        commands = Commands(box)
        url = _start_whm(box, port)
        subprocess.run([commands.mxverdict, "check"], stdin=subprocess.DEVNULL, check=False)
        print(_guide(url, commands), flush=True)
        with Timer(box, _tell):
            while True:
                signal.pause()


def _sandbox() -> Sandbox:
    box = Sandbox()
    print(f"Starting a stand-in cPanel server: a real Exim with a delay of {box.settings.connect_delay} s",
          flush=True)  # fmt: skip
    return box


def _start_whm(box: Sandbox, first: int) -> str:
    for port in range(first, min(first + _PORTS_TRIED, 65536)):
        try:
            return box.start_whm(_ADDRESS, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise CannotRun(f"there is no free port from {first} on; name another with --port")


def _guide(url: str, commands: Commands) -> str:
    logins = "\n".join(
        f"           {user:8} {password:12} {_ROLES[user]}" for user, password in defaults.PASSWORDS.items()
    )
    return f"""
WHM        {url}  then Plugins → MX Verdict
           The browser warns of the certificate: the sandbox's own authority signed it.
Logins     {logins.strip()}
Shell      {commands.mxverdict} check
           {commands.mxverdict} window open --minutes 2
           {commands.mxverdict} window list
Tester     {commands.visit}

The keeper closes due windows every {KEEPER_SECONDS:.0f} s. Ctrl-C ends the demo and removes all of it."""


_ROLES = {
    "root": "sees everything",
    "alice": "reseller with the privilege for the plugin",
    "bob": "reseller without it",
}


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
