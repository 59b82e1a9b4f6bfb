"""Asks a fork server to run Python programs: each a process of its own that has its imports behind it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import NoReturn, Optional

from tests.sandbox import fork_server


class ForkServer:
    """A Python by the command line `interpreter`, with its options, that imports the `modules` in the
    `folders`. What its programs started goes on when it is closed."""

    def __init__(
        self,
        interpreter: Sequence[str],
        folders: Sequence[str],
        modules: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        self._asked, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            words = [fork_server.__file__, str(theirs.fileno()), ":".join(folders), *modules]
            self._process = subprocess.Popen(
                [*interpreter, *words],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def close(self) -> None:
        self._asked.close()
        self._process.wait()

    def run(
        self,
        program: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        timeout: float,
        tracer: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run Python text, or the file `argv[0]` when it is empty, until it ended and its output is closed.

        `tracer` is a command line of strace, without -q, that is attached before the program begins. Raises
        subprocess.TimeoutExpired when it takes longer than `timeout` seconds; it is killed then.
        """
        request = {"program": program, "argv": argv, "environment": dict(environment), "wait": bool(tracer)}
        (stdin, begin), (out, stdout), (err, stderr), (told, tell) = (os.pipe() for _ in range(4))
        theirs = (stdin, stdout, stderr, tell)
        try:
            socket.send_fds(self._asked, [json.dumps(request).encode()], theirs)
        except ConnectionError:
            self._broken()
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        tracing: Optional[subprocess.Popen[str]] = None
        with os.fdopen(out), os.fdopen(err), os.fdopen(told):
            with os.fdopen(begin):
                pid = int(os.read(told, fork_server.WIDTH) or self._broken())
                if tracer:
                    tracing = _attach(tracer, pid)
            try:
                said = _read_all([out, err, told], timeout)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(argv), timeout) from None
            finally:
                if tracing is not None:
                    tracing.communicate()
        return subprocess.CompletedProcess(list(argv), int(said[2]), said[0].decode(), said[1].decode())

    def _broken(self) -> NoReturn:
        raise RuntimeError(f"the fork server ended with status {self._process.wait()}; see its error output")


def _read_all(descriptors: Sequence[int], seconds: float) -> list[bytes]:
    """Read each to its end. Raises TimeoutError."""
    give_up = time.monotonic() + seconds
    said = dict.fromkeys(descriptors, b"")
    with selectors.DefaultSelector() as left:
        for descriptor in descriptors:
            left.register(descriptor, selectors.EVENT_READ)
        while left.get_map():
            ready = left.select(give_up - time.monotonic())
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, 1 << 16)
                said[key.fd] += piece
                if not piece:
                    left.unregister(key.fd)
    return list(said.values())


def _attach(tracer: Sequence[str], pid: int) -> subprocess.Popen[str]:
    """Start strace and wait until it says that it holds the process."""
    tracing = subprocess.Popen([*tracer, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    assert tracing.stderr is not None
    said = tracing.stderr.readline()
    if f"Process {pid} attached" not in said:
        tracing.kill()
        raise RuntimeError(f"strace does not attach: {said}{tracing.communicate()[1]}")
    return tracing
