"""cpsrvd: serves WHM over HTTPS for one root.

    python -m tests.sandbox.whm.cpsrvd --root ROOT [--listen ADDRESS:PORT …] [--listen-fd N …]

`--listen-fd` takes a listening socket inherited from whoever starts the process, so that the server (and
every CGI it runs) can live in a network namespace and still be reached from outside of it. Prints one line
per socket, `listening on ADDRESS:PORT`; SIGHUP changes nothing, SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import socketserver
import ssl
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from tests.sandbox.whm import certificate
from tests.sandbox.whm.daemon import PID_FILE
from tests.sandbox.whm.handler import Handler, Site

_IDLE = 60.0
_GOODBYE = 1.0


class Cpsrvd:
    """The server as a context manager. `addresses` are those of its sockets."""

    def __init__(self, root: Path, sockets: Sequence[socket.socket]) -> None:
        site = Site(root)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.host_certificate(root))
        self._listeners = [_Listener(site, tls, one) for one in sockets]
        self.addresses: list[tuple[str, int]] = [one.getsockname()[:2] for one in sockets]

    def __enter__(self) -> Cpsrvd:
        for listener in self._listeners:
            threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for listener in self._listeners:
            listener.shutdown()
            listener.server_close()


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket; TLS is shaken inside the thread of the connection."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site, tls: ssl.SSLContext, listening: socket.socket) -> None:
        super().__init__(listening.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.site = site
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_IDLE)
        with self._tls.wrap_socket(request, server_side=True) as secured:
            Handler(secured, client_address, self)
            with contextlib.suppress(OSError, ValueError):
                secured.settimeout(_GOODBYE)
                secured.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        with self.site.error_log.open("a") as log:
            log.write(f"request of {client_address}: {traceback.format_exc()}")


def listen(address: str) -> socket.socket:
    """A listening socket for `127.0.0.1:2087`, `[::1]:2087` or a port 0 of the system's choice."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=64)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="cpsrvd")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--listen", action="append", default=[], metavar="ADDRESS:PORT")
    parser.add_argument("--listen-fd", action="append", default=[], type=int, metavar="N")
    given = parser.parse_args(arguments)
    sockets = [*map(listen, given.listen), *(socket.socket(fileno=number) for number in given.listen_fd)]
    if not sockets:
        parser.error("give --listen or --listen-fd")
    ended = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    root = given.root.resolve()
    pid_file = root / PID_FILE
    with Cpsrvd(root, sockets) as server:
        pid_file.write_text(f"{os.getpid()}\n")
        for host, port in server.addresses:
            print(f"listening on {host}:{port}", flush=True)
        ended.wait()
    pid_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
