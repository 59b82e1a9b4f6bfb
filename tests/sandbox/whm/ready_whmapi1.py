"""The command `whmapi1`, ready: a process that has imported it forks for each call.

    python -m tests.sandbox.whm.ready_whmapi1 --root ROOT

Puts a client in the command's place that hands on its words and prints the answer, and says so in one line.
For tests that ask WHM often; who kills the client does not end what it asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import socket
import struct
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.sandbox.whm import api, ready_page, whmapi1

_SOCKET = "sandbox/ready-whmapi1"
COMMAND = "usr/local/cpanel/bin/whmapi1"
_CLIENT = """#!/usr/bin/perl
# The numbers are Linux's AF_UNIX, SOCK_STREAM and SHUT_WR: the module Socket takes longer than all of this.
use strict;
use warnings;

my $asked;
socket( $asked, 1, 1, 0 ) && connect( $asked, pack 'S a*', 1, '{path}' ) or die "whmapi1: $!\\n";
syswrite $asked, join "\\0", @ARGV;
shutdown $asked, 1;
my ( $status, $size, $said ) = unpack 'N N a*', do {{ local $/; <$asked> }} // '';
die "whmapi1: no answer\\n" if !defined $said;
print STDERR substr $said, $size;
print substr $said, 0, $size;
exit $status;
"""


def _answer(root: Path, connection: socket.socket) -> None:
    """One call, in a process of its own."""
    with connection, connection.makefile("rb") as asked:
        words = os.fsdecode(asked.read()).split("\0")
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = whmapi1.main(root, [word for word in words if word])
        said = out.getvalue().encode()
        connection.sendall(struct.pack("!II", status, len(said)) + said + err.getvalue().encode())


def _put_client(root: Path, path: Path) -> None:
    command = root / COMMAND
    draft = command.with_name(".whmapi1")
    draft.write_text(_CLIENT.format(path=path))
    draft.chmod(0o755)
    draft.replace(command)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="ready_whmapi1")
    parser.add_argument("--root", type=Path, required=True)
    root = parser.parse_args(arguments).root.resolve()
    for module in {module for module, _ in api.FUNCTIONS.values()}:
        import_module(f"tests.sandbox.whm.{module}")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / _SOCKET))
        listening.listen(64)
        _put_client(root, root / _SOCKET)
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                try:
                    _answer(root, connection)
                finally:
                    os._exit(0)
            connection.close()
            ready_page.reap()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
