"""A booted machine: Debian with systemd as process 1 in a container, its disk thrown away afterwards.

It stands on the sandbox's network as the server, without any other; testers visit it from outside as they do
the sandbox.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Optional, TypeVar

from tests.machine import image
from tests.sandbox import network
from tests.sandbox.names import NameServer

_Self = TypeVar("_Self", bound="Machine")

CLONE = "/clone"
WHEELS = "/wheels"
_BOOT_TIME = 60.0
_VARIABLES = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
_DISK = """
mount -t tmpfs -o mode=755 disk "$1" && mkdir "$1/changes" "$1/work" "$1/root" &&
mount -t overlay -o "lowerdir=$2,upperdir=$1/changes,workdir=$1/work" machine "$1/root" &&
mkdir "$1/root/clone" "$1/root/wheels" && echo mounted && exec sleep infinity
"""


class Machine:
    """Runs while the `with` block lasts. `disk` is its root folder, readable also while it is off."""

    def __enter__(self: _Self) -> _Self:
        network.sweep()
        self._on_exit = contextlib.ExitStack()
        try:
            self._prepare()
            self.boot()
        except BaseException:
            self._on_exit.close()
            raise
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._on_exit.close()

    def boot(self) -> None:
        """Start, with a boot clock at zero, and return when systemd has finished booting."""
        self._container = subprocess.Popen(
            [
                *_DIES_WITH_US, "nsenter", f"--target={self._holder.pid}", "--mount", "--",
                "unshare", "--time", f"--monotonic=-{int(time.clock_gettime(time.CLOCK_MONOTONIC))}",
                f"--boottime=-{int(time.clock_gettime(time.CLOCK_BOOTTIME))}", "--fork", "--kill-child", "--",
                "systemd-nspawn", "--boot", "--quiet", "--register=no", "--keep-unit", "--console=pipe",
                f"--directory={self._folder}/disk/root", f"--machine={self._network.name}",
                f"--network-namespace-path=/run/netns/{self._network.server}",
                "--resolv-conf=off", "--timezone=off", "--link-journal=no",
                f"--bind-ro={image.REPOSITORY}:{CLONE}", f"--bind-ro={image.wheels()}:{WHEELS}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=self._console,
            start_new_session=True,
        )  # fmt: skip
        wait_for(self._is_booted, _BOOT_TIME, "the machine to boot")

    def power_off(self) -> None:
        """Shut down in order."""
        self.run("systemctl", "poweroff")
        self._container.wait(30)

    def reboot(self) -> None:
        """Shut down in order and start again."""
        self.run("systemctl", "reboot")
        self._container.wait(60)
        self.boot()

    def cut_power(self) -> None:
        """Everything ends this instant."""
        for pid in (self._leader(), self._container.pid):
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._container.wait(10)

    def run(
        self, *argv: object, env: Optional[Mapping[str, str]] = None, stdin: str = "", timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root on the machine."""
        return subprocess.run(
            self.inside(*argv),
            env={**_VARIABLES, **(env or {})},
            input=stdin,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *argv: object) -> subprocess.Popen[str]:
        """Start a command as root on the machine; its output goes nowhere."""
        return subprocess.Popen(
            self.inside(*argv),
            env=_VARIABLES,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    @property
    def outside(self) -> str:
        """The network namespace that visitors come from."""
        return self._network.outside

    def files(self, *, without: frozenset[str]) -> Iterator[tuple[str, tuple[object, ...]]]:
        """Each path on the disk with mode, owner and content; `without` names paths to leave out."""
        for parent, folders, names in os.walk(self.disk):
            here = Path(parent)
            inside = {name: str((here / name).relative_to(self.disk)) for name in (*folders, *names)}
            folders[:] = [name for name in folders if inside[name] not in without]
            for name, path in inside.items():
                if path not in without:
                    yield path, _looks(here / name)

    def _prepare(self) -> None:
        self._network = network.Network()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self._network.name}-"))
        self._folder.chmod(0o755)
        self._on_exit.callback(shutil.rmtree, self._folder)

        hosts = f"127.0.0.1 localhost\n{network.SERVER_IPV4} cp1.example.net\n"
        self._on_exit.callback(self._network.stop)
        self._network.start(hosts)
        self.dns = NameServer(self._folder / "dns", self._network.outside)
        self._on_exit.callback(self.dns.stop)
        self.dns.start()
        self.dns.wait_until_ready()

        self._mount_disk()
        (self.disk / "etc/hostname").write_text("cp1.example.net\n")
        (self.disk / "etc/hosts").write_text(hosts)
        (self.disk / "etc/resolv.conf").unlink(missing_ok=True)
        (self.disk / "etc/resolv.conf").write_text(f"nameserver {network.NAME_SERVER}\n")
        self._console = self._on_exit.enter_context((self._folder / "console").open("wb"))
        self._on_exit.callback(self.cut_power)

    def _mount_disk(self) -> None:
        """In a mount namespace that a sleeping process holds, so that nothing can stay mounted."""
        mount_point = self._folder / "disk"
        mount_point.mkdir()
        self._holder = subprocess.Popen(
            [*_DIES_WITH_US, "unshare", "--mount", "sh", "-c", _DISK, "sh", mount_point, image.tree()],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._on_exit.callback(_end, self._holder)
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "mounted\n":
            raise RuntimeError("the machine's disk could not be mounted")
        self.disk = Path(f"/proc/{self._holder.pid}/root{mount_point}/root")

    def inside(self, *argv: object) -> list[str]:
        leader = self._leader()
        if leader is None:
            raise RuntimeError("the machine is off")
        return ["nsenter", f"--target={leader}", "--all", "--", *map(str, argv)]

    def _leader(self) -> Optional[int]:
        """Process 1 of the machine, by its number outside."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            return _first_child(_first_child(self._container.pid))
        return None

    def _is_booted(self) -> bool:
        if self._container.poll() is not None:
            console = (self._folder / "console").read_text(errors="replace")
            raise RuntimeError(f"the machine does not boot:\n{console[-2000:]}")
        if self._leader() is None:
            return False
        return self.run("systemctl", "is-system-running").stdout.strip() in {"running", "degraded"}


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until `condition` holds; returns how long that took. AssertionError after `seconds`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return time.monotonic() - began


def _first_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _looks(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content: object = None
    if path.is_symlink():
        content = str(path.readlink())
    elif path.is_file():
        content = path.read_bytes() if status.st_size < 1_000_000 else status.st_size
    return oct(status.st_mode), status.st_uid, status.st_gid, content


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
