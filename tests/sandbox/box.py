"""A stand-in cPanel server on a network of its own: real Exim, real DNS, cPanel's files and commands."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Optional

from tests.sandbox import network, server_files
from tests.sandbox.certificates import Authority
from tests.sandbox.forks import ForkServer
from tests.sandbox.names import NameServer, Records
from tests.sandbox.settings import Settings
from tests.sandbox.tester_report import Report
from tests.sandbox.whm import install, services

TESTER = "18.209.86.113"
WINDOWS = ("mxverdict.window.*", "mxverdict.evidence.*")
"""Modules of the test windows."""
_VISIT = Path(__file__).with_name("visit.py")


class Sandbox:
    """A running server while the `with` block lasts; afterwards nothing of it is left.

    `options` are those of `Settings`; `certificate` is one of `certificates.KINDS`; `records` changes DNS
    records, `{(owner, type): values}`, no values to remove them. Switches of a running one: files in
    `sandbox/faults` (`whm/faults.py` and `commands/` say which), and `sandbox/greylistd-says-no`, with which
    the greylisting daemon lets everybody pass.
    """

    def __init__(
        self, *, certificate: str = "trusted", records: Optional[Records] = None, **options: object
    ) -> None:
        self.settings = Settings().changed(**options)
        self.addresses = network.SERVER_ADDRESSES
        self._certificate = certificate
        self._records = records or {}

    def __enter__(self) -> Sandbox:
        network.sweep()
        self._network = network.Network()
        self.server = self._network.server
        self.outside = self._network.outside
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self._network.name}-"))
        self._folder.chmod(0o755)
        self.root = self._folder / "root"
        self.dns = NameServer(self._folder / "dns", self.outside)
        self._on_close = contextlib.ExitStack()
        self._fork_servers: dict[tuple[object, ...], ForkServer] = {}
        self._starting = threading.Lock()
        self.authority = Authority(self.root / "sandbox/ca")
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        self._network.stop()
        for server in self._fork_servers.values():
            server.close()
        self.dns.stop()
        self._on_close.close()
        shutil.rmtree(self._folder)

    def run(
        self,
        argv: Sequence[object],
        *,
        stdin: str = "",
        env: Optional[Mapping[str, str]] = None,
        timeout: float = 60,
        check: bool = False,
        namespace: Optional[str] = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the server (or in another `namespace`) to its end; `env` adds variables.

        AssertionError when it is `mxverdict … --json` and prints something else than docs/schema says.
        """
        done = subprocess.run(
            network.enter(namespace or self.server, argv),
            input=stdin,
            env={**self.environment(), **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=check,
        )
        if "--json" in argv:
            from tests.output_schema import check_run

            check_run(argv, done.stdout)
        return done

    def run_python(
        self,
        program: str,
        *argv: str,
        modules: Sequence[str] = WINDOWS,
        isolated: bool = False,
        env: Optional[Mapping[str, str]] = None,
        timeout: float = 60,
        check: bool = False,
        namespace: Optional[str] = None,
        tracer: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run Python text as `python -c` does, or the file `argv[0]` when it is empty, on the server (or in
        another `namespace`) to its end, in a fork of a Python that has imported the `modules`, all of a
        package for `package.*`; `isolated` is one with -I -S. `tracer` is a command line of strace that is
        attached to it.
        """
        server = self._fork_server(namespace or self.server, isolated, modules)
        words = list(argv) if not program else ["-c", *argv]
        done = server.run(program, words, {**self.environment(), **(env or {})}, timeout, tracer)
        if check:
            done.check_returncode()
        return done

    def start(
        self,
        argv: Sequence[object],
        *,
        env: Optional[Mapping[str, str]] = None,
        namespace: Optional[str] = None,
    ) -> subprocess.Popen[bytes]:
        """Start a command that goes on by itself, with its three pipes. Killed with the sandbox."""
        return subprocess.Popen(
            network.enter(namespace or self.server, argv),
            env={**self.environment(), **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def environment(self) -> dict[str, str]:
        """The caller's environment, with the sandbox's root and the repository's packages."""
        packages = f"{server_files.REPOSITORY / 'plugin'}:{server_files.REPOSITORY}"
        return {**os.environ, "MXVERDICT_ROOT": str(self.root), "PYTHONPATH": packages}

    def visit(
        self,
        source: str = TESTER,
        server: str = network.SERVER_IPV4,
        patience: float = 15.0,
        **options: object,
    ) -> Report:
        """Let the stand-in tester come from `source`. `options`: those of the `visit` command."""
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        command = [_VISIT, server, "--source", source, "--json", "--patience", patience, *words]
        done = self.run_python(
            "",
            *map(str, command),
            modules=["tests.sandbox.visit"],
            timeout=5 * patience + 60,
            namespace=self.outside,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return Report.from_json(json.loads(done.stdout))

    def _fork_server(self, namespace: str, isolated: bool, modules: Sequence[str]) -> ForkServer:
        """One that sees what is mounted below the root now: each has the mounts of when it started."""
        mounts = tuple(
            line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(self.root) in line
        )
        with self._starting:
            for kind in [one for one in self._fork_servers if one[0] not in ((), mounts)]:
                self._fork_servers.pop(kind).close()
            wanted = (mounts, namespace, isolated, *modules)
            if wanted not in self._fork_servers:
                command = network.enter(namespace, [sys.executable, *(("-I", "-S") if isolated else ())])
                environment = self.environment()
                folders = environment["PYTHONPATH"].split(":")
                self._fork_servers[wanted] = ForkServer(command, folders, modules, environment)
            return self._fork_servers[wanted]

    def wait_for_background(self, seconds: float = 30) -> None:
        """Wait for the programs that WHM started in the background. RuntimeError names those that go on."""
        give_up = time.monotonic() + seconds
        while running := self._in_background():
            if time.monotonic() > give_up:
                raise RuntimeError(f"still running after {seconds:.0f} s: {running}")
            time.sleep(0.05)

    def _in_background(self) -> list[str]:
        lines = []
        for pid in network.processes(self.server):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
                if any(word.endswith(services.BACKGROUND) for word in words):
                    lines.append(" ".join(words))
        return lines

    def rebuild(self) -> None:
        """Build the configuration and restart Exim. RuntimeError with the words of the one that fails."""
        self._script("buildeximconf")
        self._script("restartsrv_exim")

    def start_whm(self, address: str = "127.0.0.1", port: int = 0) -> str:
        """Serve WHM on port 2087 of the server and on `address` of the caller's own network, any free port
        unless one is given. Answers the URL for the caller; its certificate is signed by `authority`.
        """
        with socket.create_server((address, port)) as listening:
            number = listening.fileno()
            url = f"https://{address}:{listening.getsockname()[1]}"
            command = [sys.executable, "-m", "tests.sandbox.whm.cpsrvd", "--root", self.root]
            with (self.root / "usr/local/cpanel/logs/error_log").open("ab") as log:
                service = subprocess.Popen(
                    network.enter(self.server, [*command, "--listen", "0.0.0.0:2087", "--listen-fd", number]),
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    pass_fds=[number],
                    start_new_session=True,
                )
        self._on_close.callback(service.wait)
        assert service.stdout is not None
        with service.stdout as said:
            if not all([said.readline(), said.readline()]):
                raise RuntimeError("cpsrvd does not start; see its error_log")
        return url

    def start_ready(self, program: str, *options: str) -> None:
        """Have `ready_page` (once the plugin is installed) or `ready_whmapi1` of `tests.sandbox.whm` answer,
        which have imported already what each call would import."""
        command = [sys.executable, "-m", f"tests.sandbox.whm.{program}", "--root", self.root, *options]
        with (self.root / "usr/local/cpanel/logs/error_log").open("ab") as log:
            process = subprocess.Popen(
                network.enter(self.server, command),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._on_close.callback(process.wait)
        assert process.stdout is not None
        with process.stdout as said:
            if not said.readline():
                raise RuntimeError(f"{program} does not start; see the error_log")

    def configure(self, **changes: object) -> None:
        """Change some of `Settings` and bring them into force."""
        self.settings = self.settings.changed(**changes)
        self.settings.save(self.root)
        self.rebuild()

    def set_records(self, owner: str, kind: str, *values: str) -> None:
        """Replace the DNS records of one owner (name or address) and type; `reload_dns` makes it live."""
        self.dns.set(owner, kind, *values)

    def reload_dns(self) -> None:
        self.dns.reload()

    def add_outside(self, *addresses: str, silent: bool = False) -> None:
        """Addresses of the outside world beyond the usual ones; see `Network.add_outside`."""
        for address in addresses:
            self._network.add_outside(address, silent=silent)

    def set_certificate(self, kind: str) -> None:
        """Give Exim another certificate, one of `certificates.KINDS`; restarts it, for it caches them."""
        self._issue_certificate(kind)
        self._script("restartsrv_exim")

    def _issue_certificate(self, kind: str) -> None:
        self.authority.issue(kind, self.settings.host, self.root / "etc/exim.crt", self.root / "etc/exim.key")
        server_files.protect_key(self.root)

    def _script(self, name: str) -> None:
        done = self.run([self.root / "usr/local/cpanel/scripts" / name])
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")

    def _start(self) -> None:
        names = f"127.0.0.1 localhost\n{network.SERVER_IPV4} {self.settings.host}\n"
        self._network.start(hosts_file=names)
        for (owner, kind), values in self._records.items():
            self.dns.set(owner, kind, *values)
        self.dns.start()
        self.root.mkdir()
        server_files.lay_out(self.root)
        self.settings.save(self.root)
        self.authority.create()
        install.install(self.root)
        self._issue_certificate(self._certificate)
        self.rebuild()
        self.dns.wait_until_ready()
