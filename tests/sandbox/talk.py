"""`python3 -m tests.sandbox.talk SERVER SOURCE SCRIPT`: hold SMTP conversations as a script (JSON) says.

SCRIPT is a list of sessions, one after the other; a session is a list of steps: `reply` waits for a whole
reply or the end, `reset` breaks the connection off, `sleep N` waits, anything else is sent as a line
(ISO 8859-1). At the end of a session the connection is closed.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import time
from collections.abc import Sequence

PATIENCE = 20.0


def main() -> None:
    server, source, script = sys.argv[1:4]
    for session in json.loads(script):
        hold(server, source, session)


def hold(server: str, source: str, session: Sequence[str]) -> None:
    """One conversation; a server that closes early ends it."""
    with (
        socket.create_connection((server, 25), timeout=PATIENCE, source_address=(source, 0)) as channel,
        channel.makefile("rb") as replies,
        contextlib.suppress(ConnectionError),
    ):
        for step in session:
            if step == "reply":
                while replies.readline()[3:4] == b"-":
                    pass
            elif step == "reset":
                channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif step.startswith("sleep "):
                time.sleep(float(step[6:]))
            else:
                channel.sendall(step.encode("latin-1") + b"\r\n")


if __name__ == "__main__":
    main()
