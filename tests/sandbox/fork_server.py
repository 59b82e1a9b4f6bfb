"""Runs Python programs in forks of itself, which has imported the product: starting Python and importing cost
several times what most of the programs do.

`python [-I -S] fork_server.py DESCRIPTOR FOLDERS MODULE …`, with the interpreter's options that the programs
are to have, imports the modules in the folders, all of a package for `package.*`. Each message to the socket
is a request in JSON with four descriptors: the program's standard input, output and error, and a pipe that is
told its process number and its exit status. See `forks.py`. It needs the standard library alone.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

_LONGEST = 1 << 20
_DESCRIPTORS = 4
WIDTH = 8
"""Bytes of each number that is told."""


def main() -> None:
    descriptor, folders, *modules = sys.argv[1:]
    before = list(sys.path)
    sys.path[:0] = folders.split(":")
    for name in modules:
        _import(name)
    sys.path[:] = before
    gc.freeze()
    request = _serve(socket.socket(fileno=int(descriptor)))
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["argv"]
    if not sys.flags.isolated:
        sys.path[0] = ""
    if request["wait"]:
        os.read(0, 1)
    if request["program"]:
        exec(compile(request["program"], "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def _import(name: str) -> None:
    package = name.removesuffix(".*")
    found = import_module(package)
    if name != package:
        for module in pkgutil.iter_modules(found.__path__, f"{package}."):
            import_module(module.name)


def _serve(asked: socket.socket) -> Any:
    """Fork for each request and return it in the child; end when nobody can ask any more."""
    ready = select.poll()
    ready.register(asked, select.POLLIN)
    running: dict[int, tuple[int, int]] = {}
    while True:
        for descriptor, _ in ready.poll():
            if descriptor in running:
                pid, told = running.pop(descriptor)
                ready.unregister(descriptor)
                os.close(descriptor)
                _tell(told, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                os.close(told)
                continue
            message, given, _, _ = socket.recv_fds(asked, _LONGEST, _DESCRIPTORS)
            if not message:
                os._exit(0)
            pid = os.fork()
            if not pid:
                asked.close()
                for number, one in enumerate(given[:3]):
                    os.dup2(one, number)
                for one in (*given, *running, *(told for _, told in running.values())):
                    os.close(one)
                return json.loads(message)
            *standard, told = given
            for one in standard:
                os.close(one)
            _tell(told, pid)
            ended = os.pidfd_open(pid)
            running[ended] = (pid, told)
            ready.register(ended, select.POLLIN)


def _tell(pipe: int, number: int) -> None:
    with suppress(BrokenPipeError):
        os.write(pipe, f"{number:{WIDTH}}".encode())


if __name__ == "__main__":
    main()
