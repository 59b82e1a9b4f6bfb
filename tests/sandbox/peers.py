"""Remote mail servers in the sandbox's outside world: each a real Exim at an address of its own, one of
`BEHAVIOURS`; and hosts that no Exim can play: resetting, babbling (`rude.py`), refused, silent, and a
provider's block of port 25.

    with Sandbox() as box, Peers(box) as peers:
        peer = peers.start("accepting", "198.51.100.20", name="mx.remote.example")
        box.set_records("remote.example", "MX", "10 mx.remote.example")
        box.reload_dns()
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Optional

from tests.sandbox.box import Sandbox
from tests.sandbox.network import enter
from tests.sandbox.peer_config import BEHAVIOURS, render
from tests.sandbox.server_files import EXIM_GROUP, exim_program, exim_user

__all__ = ["BEHAVIOURS", "Peer", "Peers"]

DOMAIN = "remote.example"
_PATIENCE = 10.0


class Peer:
    """One running Exim at `address`, whose files stand in `folder`."""

    def __init__(self, address: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.address = address
        self.folder = folder
        self._process = process

    @property
    def log(self) -> str:
        """Exim's mainlog, rejectlog and paniclog so far."""
        files = sorted(self.folder.glob("exim_*log"))
        return "".join(file.read_text(errors="replace") for file in files)

    @property
    def mailbox(self) -> str:
        """What was delivered so far, in mbox format."""
        file = self.folder / "mailbox"
        return file.read_text(errors="replace") if file.exists() else ""

    def wait_for_mail(self, text: str = "From ") -> str:
        """The mailbox, as soon as it holds `text`. Raises RuntimeError with the log after ten seconds."""
        deadline = time.monotonic() + _PATIENCE
        while text not in self.mailbox:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no mail came to {self.address}:\n{self.log}")
            time.sleep(0.01)
        return self.mailbox

    def stop(self) -> None:
        """End the daemon: connections to it are refused from then on."""
        self._process.kill()
        self._process.wait()


class Peers:
    """The remote hosts of one sandbox; they end with the `with` block, or with the sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._folder = box.root.parent / "peers"
        self._exims: list[Peer] = []
        self._others: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Peers:
        self._folder.mkdir(exist_ok=True)
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for peer in self._exims:
            peer.stop()
        for process in self._others:
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(
        self,
        behaviour: str,
        address: str,
        *,
        name: Optional[str] = None,
        domains: Sequence[str] = (DOMAIN,),
        delays: Optional[dict[str, float]] = None,
        certificate: str = "trusted",
        banner: str = "",
    ) -> Peer:
        """Start an Exim at `address` (IPv4 or IPv6; a new one is added to the outside world).

        `behaviour` is one of BEHAVIOURS. With `name` it gets A or AAAA and PTR records (live after
        `box.reload_dns`). `domains` are those it takes mail for; any other recipient is refused as relaying,
        except by `open_relay`. `delays` are whole seconds by stage (`connect`, `ehlo`, `mail`, `rcpt`).
        `certificate` is one of `certificates.KINDS`, signed by the sandbox's authority.
        """
        self.address(address, name)
        folder = self._folder / address.replace(":", "_")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        host = name or "peer.remote.example"
        self._box.authority.issue(certificate, host, folder / "peer.crt", folder / "peer.key")
        (folder / "exim.conf").write_text(
            render(
                folder,
                behaviour,
                address,
                host,
                domains,
                delays or {},
                banner,
                user=exim_user(),
                group=EXIM_GROUP,
            )
        )
        for file in (folder, folder / "peer.crt", folder / "peer.key"):
            shutil.chown(file, exim_user(), EXIM_GROUP)
        process = self._popen([exim_program(), "-C", folder / "exim.conf", "-bdf"], folder / "started")
        peer = Peer(address, folder, process)
        self._exims.append(peer)
        self._wait(lambda: "daemon started" in peer.log, process, folder / "started")
        return peer

    def rude(self, script: str, address: str, *, name: Optional[str] = None) -> None:
        """Listen on port 25 of `address` with one of `rude.SCRIPTS`: real TCP, no mail server."""
        self.address(address, name)
        output = self._folder / f"rude-{address.replace(':', '_')}"
        process = self._popen([sys.executable, "-m", "tests.sandbox.rude", script, address], output)
        self._others.append(process)
        self._wait(lambda: "listening" in output.read_text(errors="replace"), process, output)

    def refused(self, address: str, *, name: Optional[str] = None) -> None:
        """An address where nothing listens: connections are refused."""
        self.address(address, name)

    def silent(self, address: str, *, name: Optional[str] = None) -> None:
        """An address that drops every packet."""
        self.address(address, name, silent=True)

    def address(self, address: str, name: Optional[str] = None, *, silent: bool = False) -> None:
        """Add an address to the outside world and, with `name`, its A or AAAA and PTR records."""
        self._box.add_outside(address, silent=silent)
        if name is not None:
            self._box.set_records(name, "AAAA" if ":" in address else "A", address)
            self._box.set_records(address, "PTR", name)

    @contextlib.contextmanager
    def port_25_blocked(self, how: str = "blackhole") -> Iterator[None]:
        """While it lasts, nothing that the server sends to port 25 of anybody outside gets there, as with a
        provider that blocks it. `how`: `blackhole` (dropped), `prohibit` or `unreachable` (an ICMP error)."""
        self._icmp_errors(how != "blackhole")
        rule = ["pref", "50", "iif", "eth0", "ipproto", "tcp", "dport", "25", how]
        for family in ("-4", "-6"):
            self._ip(family, "rule", "add", "pref", "100", "lookup", "local")
            self._ip(family, "rule", "del", "pref", "0")
            self._ip(family, "rule", "add", *rule)
        try:
            yield
        finally:
            for family in ("-4", "-6"):
                self._ip(family, "rule", "del", *rule)
                self._ip(family, "rule", "add", "pref", "0", "lookup", "local")
                self._ip(family, "rule", "del", "pref", "100")
            self._icmp_errors(False)

    def _icmp_errors(self, on: bool) -> None:
        """A host that does not forward tells nobody, in IPv4, why it dropped a packet. None is left out for
        coming too soon after another."""
        settings = ("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        self._box.run(
            ["sysctl", "-q", "-w", f"net.ipv4.conf.eth0.forwarding={on:d}", *settings],
            namespace=self._box.outside,
            check=True,
        )

    def _ip(self, *arguments: str) -> None:
        self._box.run(["ip", *arguments], namespace=self._box.outside, check=True)

    def _popen(self, argv: Sequence[object], output: Path) -> subprocess.Popen[bytes]:
        with output.open("wb") as file:
            return subprocess.Popen(
                enter(self._box.outside, argv),
                env=self._box.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                cwd="/" if "-bdf" in argv else None,
            )

    @staticmethod
    def _wait(ready: object, process: subprocess.Popen[bytes], output: Path) -> None:
        assert callable(ready)
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                process.send_signal(signal.SIGKILL)
                raise RuntimeError(f"a peer does not start: {output.read_text(errors='replace')}")
            time.sleep(0.01)
