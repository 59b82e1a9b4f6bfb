"""The cPanel server as the code touches it: its paths under one root, its commands."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from mxverdict.errors import CommandNotFoundError, CommandTimeout
from mxverdict.host_paths import CPANEL, EXIM_MAINLOG, ROOT_VARIABLE, STATE

if TYPE_CHECKING:
    import logging
    import subprocess

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "HOME": "/root",
}
_GATE = ("/bin/sh", "-c", 'read -r _ && exec "$@"', "sh")
"""Becomes the command in its arguments once it is given a line; ends where its starter is killed before."""
_KILLED_WAIT = 5.0


class Completed(NamedTuple):
    """A command that ended: exit status, standard output, standard error (undecodable bytes replaced)."""

    status: int
    stdout: str
    stderr: str


class Host:
    """Paths and commands of one cPanel server below `root` (`/` on a real one)."""

    def __init__(self, root: str | Path = "/") -> None:
        self.root = Path(root)
        path = self.root.joinpath

        self.exim = path("usr/sbin/exim")
        self.exim_conf = path("etc/exim.conf")
        self.exim_pid_file = path("var/spool/exim/exim-daemon.pid")
        self.localopts = path("etc/exim.conf.localopts")
        self.localopts_shadow = path("etc/exim.conf.localopts.shadow")
        self.localopts_dry_run = path("etc/exim.conf.localopts.dry_run")
        self.sender_verify_bypass_hosts = path("etc/senderverifybypasshosts")
        self.skip_smtp_check_hosts = path("etc/skipsmtpcheckhosts")
        self.trusted_mail_hosts = path("etc/trustedmailhosts")
        self.greylist_trusted_netblocks = path("etc/greylist_trusted_netblocks")
        self.greylist_common_mail_providers = path("etc/greylist_common_mail_providers")
        self.mailhelo = path("etc/mailhelo")
        self.mailips = path("etc/mailips")
        self.localdomains = path("etc/localdomains")
        self.remotedomains = path("etc/remotedomains")
        self.secondarymx = path("etc/secondarymx")
        self.exim_mainlog = path(EXIM_MAINLOG)
        self.exim_rejectlog = path("var/log/exim_rejectlog")
        self.sendmail = path("usr/sbin/sendmail")

        cpanel = path(CPANEL)
        self.cpanel = cpanel
        self.whmapi1 = cpanel / "bin/whmapi1"
        self.buildeximconf = cpanel / "scripts/buildeximconf"
        self.restartsrv_exim = cpanel / "scripts/restartsrv_exim"
        self.cpanel_version = cpanel / "version"
        self.perl = cpanel / "3rdparty/bin/perl"
        self.privilege_driver = cpanel / "Cpanel/Config/ConfigObj/Driver/MXVerdict.pm"
        self.page = cpanel / "whostmgr/docroot/cgi/addons/mxverdict/index.cgi"
        self.registration = path("var/cpanel/apps/mxverdict.conf")
        self.keeper_unit = path("etc/systemd/system/mxverdict-keeper.service")
        self.keeper_timer = path("etc/systemd/system/mxverdict-keeper.timer")
        self.keeper_cron = path("etc/cron.d/mxverdict")
        self.python = path("usr/bin/python3")
        self.systemctl = path("usr/bin/systemctl")
        self.systemd_running = path("run/systemd/system")
        self.logrotate = path("etc/logrotate.d")

        self.state = path(STATE)
        self.journal = self.state / "journal.sqlite"
        self.journal_copy = self.state / "journal.copy.sqlite"
        self.keeper_error = self.state / "keeper.error"
        self.audit = self.state / "audit.jsonl"
        self.tester_addresses = self.state / "testers.json"
        self.settings = self.state / "settings.json"
        self.mainlog_memory = self.state / "mainlog.json"

        self.boot_id = Path("/proc/sys/kernel/random/boot_id")

    def lock(self, name: str) -> Path:
        """Give the file of a lock: a kind of window, or what else is done by one process at a time."""
        return self.state / f"lock.{name}"

    @classmethod
    def from_environment(cls) -> Host:
        """The server the process runs on, or the one below `$MXVERDICT_ROOT` (tests and the demo)."""
        return cls(os.environ.get(ROOT_VARIABLE, "/"))

    def environment(self) -> dict[str, str]:
        """What commands get to see: no secret of the caller, and the root they belong to."""
        extra = {} if self.root == Path("/") else {ROOT_VARIABLE: str(self.root)}
        return {**_ENVIRONMENT, **extra}

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        timeout: float,
        stdin: str = "",
        environment: Optional[Mapping[str, str]] = None,
        remember_as: str = "",
    ) -> Completed:
        """Run a command to its end; a shell reads none of its words.

        `timeout` is in seconds; when it passes, the command and its children are killed. `remember_as` as
        for `start`. Raises CommandNotFoundError, CommandTimeout. A status other than 0 is the caller's to
        judge.
        """
        from subprocess import TimeoutExpired

        process = self.start(argv, environment=environment, remember_as=remember_as)
        try:
            out, err = process.communicate(stdin.encode(), timeout=timeout)
        except TimeoutExpired:
            raise CommandTimeout(str(argv[0]), timeout) from None
        finally:
            kill(process)
        _logger().debug("%s ended with status %d", argv[0], process.returncode)
        return Completed(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        environment: Optional[Mapping[str, str]] = None,
        remember_as: str = "",
    ) -> subprocess.Popen[bytes]:
        """Start a command with three pipes in a session of its own. Raises CommandNotFoundError.

        With `remember_as`, a command or API function, it is written down before it does anything, and until
        `kill` has seen its end: a later process knows by that what this one left running when it was killed.
        """
        from subprocess import PIPE, Popen

        _logger().debug("running %s", " ".join(map(str, argv)))
        gate = _GATE if remember_as else ()
        if gate and not os.access(argv[0], os.X_OK):
            raise CommandNotFoundError(str(argv[0]))
        with _starting:
            try:
                process = Popen(
                    [*gate, *(str(word) for word in argv)],
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=PIPE,
                    env=dict(environment or self.environment()),
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                raise CommandNotFoundError(str(argv[0])) from error
            _running[process] = self._remember(process.pid, remember_as) if gate else None
        if gate:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(b"\n")
                process.stdin.flush()
        return process

    def _remember(self, pid: int, name: str) -> Optional[Path]:
        """None where nothing can be written: a window closes on a file system that is full, too."""
        from mxverdict.processes import remember

        with contextlib.suppress(OSError):
            return remember(self.state, self.boot(), pid, name)
        return None

    def boot(self) -> str:
        """Which boot of the server this is; "" when the kernel does not say."""
        try:
            return self.boot_id.read_text(encoding="ascii").strip()
        except OSError:
            return ""


_running: dict[subprocess.Popen[bytes], Optional[Path]] = {}
_starting = threading.RLock()


def kill_all() -> None:
    """End all that `Host.start` made and nobody has ended yet, with their children, without waiting. From
    then on no other thread can start anything: for a process that is about to end."""
    from signal import SIGKILL

    _starting.acquire()
    for process in tuple(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that `Host.start` made, with all its children, and close its pipes. One that the kernel
    does not let die is left behind, and stays written down."""
    if process.poll() is None:
        from signal import SIGKILL
        from subprocess import TimeoutExpired

        os.killpg(process.pid, SIGKILL)
        with contextlib.suppress(TimeoutExpired):
            process.wait(_KILLED_WAIT)
    record = _running.pop(process, None)
    if record is not None and process.returncode is not None:
        with contextlib.suppress(OSError):
            record.unlink()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _logger() -> logging.Logger:
    from logging import getLogger  # some milliseconds, which only those pay that run a command

    return getLogger(__name__)
