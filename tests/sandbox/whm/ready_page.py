"""The plugin's page, ready: a process that has imported all of it and forks for each request.

    python -m tests.sandbox.whm.ready_page --root ROOT [--first MODULE]

What cpsrvd would have started for a request runs in a fork of this process instead, from the product's own
entry on, with the same environment, files and user: the shell script, the start of Python and the imports are
what is saved. MODULE is imported before the product's own. Prints one line when it is ready. While its socket
is there, cpsrvd uses it (`cgi.run`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pkgutil
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Optional

SOCKET = "sandbox/ready-page"
_LONGEST = 1 << 20
"""Bytes of a request's environment, as JSON."""


class Forked:
    """A request that a fork of the ready page answers, as `subprocess.Popen` shows a program: `stdout` is
    what it writes. Raises OSError where no ready page listens at `path`."""

    def __init__(
        self, path: Path, variables: Mapping[str, str], folder: Path, stdin: IO[bytes], stderr: IO[bytes]
    ) -> None:
        self.returncode: Optional[int] = None
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(str(path))
        reading, writing = os.pipe()
        asked = json.dumps({"variables": dict(variables), "folder": str(folder)}).encode()
        socket.send_fds(self._connection, [asked], [stdin.fileno(), writing, stderr.fileno()])
        os.close(writing)
        self.stdout: IO[bytes] = os.fdopen(reading, "rb")

    def wait(self) -> int:
        """The exit status; 1 also when the fork was killed."""
        if self.returncode is None:
            with self._connection as connection:
                self.returncode = int(connection.recv(16) or b"1")
        return self.returncode


def _serve(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _answer(connection)
        connection.close()
        reap()


def reap() -> None:
    """Forget the forks that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket) -> None:
    """Let a process of its own answer one request, and tell how that ended."""
    try:
        asked, files, _, _ = socket.recv_fds(connection, _LONGEST, 3)
        pid = os.fork()
        if pid == 0:
            connection.close()
            _become_page(json.loads(asked), files)
        for file in files:
            os.close(file)
        connection.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        os._exit(0)


def _become_page(asked: dict[str, object], files: list[int]) -> None:
    try:
        for standard, file in enumerate(files):
            os.dup2(file, standard)
            os.close(file)
        os.environ.clear()
        os.environ.update(asked["variables"])  # type: ignore[call-overload]
        time.tzset()
        os.chdir(str(asked["folder"]))
        sys.argv[:] = ["start.py"]
        from mxverdict.web.entry import main

        main()
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _import_all() -> None:
    import mxverdict

    for module in pkgutil.walk_packages(mxverdict.__path__, "mxverdict."):
        if not module.name.startswith("mxverdict.cli"):
            import_module(module.name)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="ready_page")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--first", metavar="MODULE")
    options = parser.parse_args(arguments)
    path = options.root / SOCKET
    if options.first:
        import_module(options.first)
    _import_all()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        listening.listen(16)
        print("ready", flush=True)
        _serve(listening)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
