"""Blocklists in the sandbox's outside world: a real rbldnsd, to which BIND there delegates their zones.

    with Sandbox() as box, Blocklists(box) as lists:
        lists.serve("zen.spamhaus.org", "listing", {"203.0.113.10": "127.0.0.3"})
        lists.start()

What a zone does is one of BEHAVIOURS.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Optional

from tests.sandbox.box import Sandbox
from tests.sandbox.network import enter

SERVER = "192.0.2.60"
HUNG_SERVER = "192.0.2.61"
EMPTY_ADDRESS = "192.0.2.62"
SLOW_SERVER = "192.0.2.63"

BEHAVIOURS = {
    "listing": "keeps the rules of RFC 5782, and lists what it is told",
    "dead": "answers that nothing exists",
    "wildcard": "lists every address there is",
    "foreign": "answers everything with the address of a web server",
    "refusing": "answers everything with 127.255.255.254",
    "hung": "its name server never answers",
    "gone": "nothing runs at its name server's address",
    "slow": "is like listing, behind a delay",
}
_EVERYTHING = {"wildcard": "127.0.0.2", "foreign": "198.51.100.80", "refusing": "127.255.255.254"}
_NAME_SERVERS = {
    "hung": ("ns.hung.example", HUNG_SERVER),
    "gone": ("ns.gone.example", EMPTY_ADDRESS),
    "slow": ("ns.slow.example", SLOW_SERVER),
}
_USUAL = ("ns.lists.example", SERVER)
_PATIENCE = 10.0


class Blocklists:
    """The lists of one sandbox; they end with the `with` block. `delay` is that of slow lists, in seconds."""

    def __init__(self, box: Sandbox, delay: float = 0.0) -> None:
        self._box = box
        self._delay = delay
        self._folder = box.root.parent / "lists"
        self._zones: list[str] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Blocklists:
        self._folder.mkdir()
        self._folder.chmod(0o755)
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def serve(self, zone: str, behaviour: str, listed: Optional[Mapping[str, str]] = None) -> None:
        """Add a zone; `listed` gives the return code of each address. Live after `start`."""
        name_server, address = _NAME_SERVERS.get(behaviour, _USUAL)
        self._box.set_records(zone, "NS", name_server)
        self._box.set_records(name_server, "A", address)
        code = _EVERYTHING.get(behaviour, "127.0.0.2")
        everything = behaviour in _EVERYTHING
        usual = {} if behaviour == "dead" else {"127.0.0.2": "127.0.0.2", "::ffff:127.0.0.2": "127.0.0.2"}
        entries = {**usual, **(listed or {})}
        four = ["0.0.0.0/0"] if everything else [a for a in entries if ":" not in a]
        six = ["::/0"] if everything else [f"{a}/128" for a in entries if ":" in a]
        self._write(zone, "ip4trie", {a: entries.get(a, code) for a in four})
        self._write(zone, "ip6trie", {a: entries.get(a.removesuffix("/128"), code) for a in six})

    def start(self) -> None:
        """Serve the zones; returns when they are live."""
        for address in (SERVER, HUNG_SERVER, SLOW_SERVER):
            self._box.add_outside(address)
        self._rbldnsd(SERVER)
        hung = self._rbldnsd(HUNG_SERVER)
        hung.send_signal(signal.SIGSTOP)
        relay = [sys.executable, "-m", "tests.sandbox.slow_dns", SLOW_SERVER, SERVER, self._delay]
        slow = self._box.start(relay, namespace=self._box.outside)
        self._processes.append(slow)
        assert slow.stdout is not None
        slow.stdout.readline()
        self._box.reload_dns()

    def _write(self, zone: str, dataset: str, entries: Mapping[str, str]) -> None:
        file = self._folder / f"{zone}.{dataset}"
        lines = [
            f"{address} :{code}:Listed, see http://{zone}/{address}" for address, code in entries.items()
        ]
        soa = "$SOA 600 ns.lists.example hostmaster.lists.example 1 3600 600 86400 60"
        file.write_text("\n".join([soa, "$NS 600 ns.lists.example", *lines]) + "\n")
        self._zones.append(f"{zone}:{dataset}:{file.name}")

    def _rbldnsd(self, address: str) -> subprocess.Popen[bytes]:
        program = shutil.which("rbldnsd", path="/usr/sbin:/usr/bin")
        if program is None:
            raise RuntimeError("rbldnsd is not installed (Debian: rbldnsd)")
        log = Path(self._folder / f"{address}.log")
        command = [program, "-n", "-u", "nobody", "-w", self._folder, "-b", f"{address}/53", *self._zones]
        with log.open("wb") as output:
            process = subprocess.Popen(
                enter(self._box.outside, command), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._processes.append(process)
        deadline = time.monotonic() + _PATIENCE
        while "zones reloaded" not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"rbldnsd does not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.01)
        return process
