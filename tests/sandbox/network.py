"""Two network namespaces joined by a cable: the server, and the outside world its visitors come from."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

NAME_SERVER = "192.0.2.53"
SERVER_IPV4 = "203.0.113.10"
SERVER_IPV4_SECOND = "203.0.113.11"
SERVER_IPV6 = "2001:db8:10::10"
SERVER_ADDRESSES = (SERVER_IPV4, SERVER_IPV4_SECOND, SERVER_IPV6)
GATEWAY_IPV4 = "203.0.113.1"
GATEWAY_IPV6 = "2001:db8:10::1"

OUTSIDE_ADDRESSES = (
    "18.209.86.113",
    "18.205.72.90",
    "52.55.244.91",
    "64.20.227.133",
    "62.204.66.10",
    "198.51.100.7",
    "198.51.100.8",
    "198.51.100.9",
    "2001:db8:99::7",
)

_RESOLVER_FILES = Path("/etc/netns")
_PREFIX = "mxv"
_OWNED = re.compile(rf"{_PREFIX}-(\d+)-")
_numbers = itertools.count(1)


class Network:
    """A pair of namespaces named after the process that owns them. `start`, then always `stop`."""

    def __init__(self) -> None:
        self.name = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
        self.server = f"{self.name}-server"
        self.outside = f"{self.name}-outside"

    def start(self, hosts_file: str) -> None:
        """Build the network. `hosts_file` becomes the server's `/etc/hosts`."""
        for namespace, hosts in ((self.server, hosts_file), (self.outside, "127.0.0.1 localhost\n")):
            folder = _RESOLVER_FILES / namespace
            folder.mkdir(parents=True)
            (folder / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
            (folder / "nsswitch.conf").write_text("hosts: files dns\n")
            (folder / "hosts").write_text(hosts)
            _ip("netns", "add", namespace)
        _ip(
            "-n",
            self.server,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            self.outside,
        )
        _batch(self.server, _server_commands())
        _batch(self.outside, _outside_commands())

    def add_outside(self, address: str, *, silent: bool = False) -> None:
        """Give the outside world one more address (IPv4 or IPv6). A `silent` one has a route, but nobody is
        there: what is sent to it is dropped without a word."""
        gateway = GATEWAY_IPV6 if ":" in address else GATEWAY_IPV4
        _ip("-n", self.server, "route", "replace", address, "via", gateway)
        if not silent:
            length = 128 if ":" in address else 32
            _ip("-n", self.outside, "address", "replace", f"{address}/{length}", "dev", "lo")

    def stop(self) -> None:
        """Kill every process inside and remove the namespaces. Safe to call twice or after a failed start."""
        for namespace in (self.server, self.outside):
            _remove(namespace)


def enter(namespace: str, argv: Sequence[object]) -> list[str]:
    """The command line that runs `argv` inside `namespace` with that namespace's resolver files."""
    return ["ip", "netns", "exec", namespace, *map(str, argv)]


def sweep() -> None:
    """Remove what sandboxes left behind whose owner was killed before it could clean up."""
    leftovers: set[str] = set(_namespaces())
    if _RESOLVER_FILES.is_dir():
        leftovers |= {entry.name for entry in _RESOLVER_FILES.iterdir()}
    for name in leftovers:
        if _owner_is_dead(name):
            with contextlib.suppress(RuntimeError):  # another sandbox sweeps at the same time
                _remove(name)
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}-*"):
        if _owner_is_dead(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _owner_is_dead(name: str) -> bool:
    owned = _OWNED.match(name)
    return owned is not None and not Path("/proc", owned[1]).exists()


def _namespaces() -> list[str]:
    return [line.split()[0] for line in _ip("netns", "list").splitlines() if line.strip()]


def _remove(namespace: str) -> None:
    if namespace in _namespaces():
        _kill_all(namespace)
        _ip("netns", "delete", namespace)
    shutil.rmtree(_RESOLVER_FILES / namespace, ignore_errors=True)


def _kill_all(namespace: str) -> None:
    """SIGKILL until nothing runs in the namespace (a process may fork while we look)."""
    for _ in range(100):
        pids = processes(namespace)
        running = [pid for pid in pids if is_running(pid)]
        if not running:
            return
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    raise RuntimeError(f"processes {running} in {namespace} survive SIGKILL")


def processes(namespace: str) -> list[int]:
    """Give the numbers of the processes in the namespace."""
    return [int(pid) for pid in _ip("netns", "pids", namespace).split()]


def is_running(pid: int) -> bool:
    """False for a zombie: its parent, which may be the test run, reaps it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def _server_commands() -> Iterable[str]:
    for address in SERVER_ADDRESSES:
        yield f"address add {address}/{'64 nodad' if ':' in address else '24'} dev eth0"
    yield from _links_up()
    for address in (NAME_SERVER, *OUTSIDE_ADDRESSES):
        gateway = GATEWAY_IPV6 if ":" in address else GATEWAY_IPV4
        yield f"route add {address} via {gateway}"


def _outside_commands() -> Iterable[str]:
    yield f"address add {GATEWAY_IPV4}/24 dev eth0"
    yield f"address add {GATEWAY_IPV6}/64 dev eth0 nodad"
    for address in (NAME_SERVER, *OUTSIDE_ADDRESSES):
        yield f"address add {address}/{128 if ':' in address else 32} dev lo"
    yield from _links_up()


def _links_up() -> Iterable[str]:
    yield "link set lo up"
    yield "link set eth0 up"


def _batch(namespace: str, commands: Iterable[str]) -> None:
    _ip("-n", namespace, "-batch", "-", stdin="\n".join(commands) + "\n")


def _ip(*arguments: str, stdin: str = "") -> str:
    """Run `ip`. Raises RuntimeError with its message."""
    done = subprocess.run(["ip", *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
