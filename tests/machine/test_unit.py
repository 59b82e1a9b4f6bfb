"""The keeper's unit under systemd: sound, hardened, and harmless to an Exim that it leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.machine.conftest import Judge
from tests.machine.machine import wait_for
from tests.machine.server import Server
from tests.machine.trial import Trial

pytestmark = pytest.mark.slow

SERVICE = "mxverdict-keeper.service"
TIMER = "mxverdict-keeper.timer"
MOST_EXPOSURE = 7.2
# Numbers of Linux capabilities.
TO_DELIVER = {
    "chown": 0, "dac_override": 1, "fowner": 3, "kill": 5, "setgid": 6, "setuid": 7, "net_bind_service": 10,
}  # fmt: skip
FOR_JAILS = {"sys_chroot": 18, "sys_admin": 21, "sys_resource": 24, "mknod": 27}
_SEND = """
import smtplib, sys
with smtplib.SMTP("127.0.0.1", timeout=30) as server:
    server.sendmail("info@shop.example", ["info@shop.example"], f"Subject: {sys.argv[1]}\\n\\nHello\\n")
"""


def test_systemd_finds_nothing_wrong(installed: Server) -> None:
    units = [f"/etc/systemd/system/{unit}" for unit in (SERVICE, TIMER)]
    done = installed.run("systemd-analyze", "verify", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    timer = installed.run("systemctl", "show", TIMER, "--property=ActiveState,Triggers")
    assert set(timer.stdout.split()) == {"ActiveState=active", f"Triggers={SERVICE}"}
    # None while the keeper runs.
    wait_for(lambda: _next_run(installed) not in ("", "infinity"), 10, f"{TIMER} to have a next run")


def _next_run(server: Server) -> str:
    """Seconds since boot, as systemd prints them."""
    shown = server.run("systemctl", "show", TIMER, "--property=NextElapseUSecMonotonic", "--value")
    return shown.stdout.strip()


def test_exposure(installed: Server) -> None:
    done = installed.run("systemd-analyze", "security", "--no-pager", SERVICE)
    exposure = re.search(r"Overall exposure level for \S+ ([\d.]+) ", done.stdout)
    assert exposure
    assert float(exposure[1]) <= MOST_EXPOSURE, done.stdout


@pytest.fixture
def delivering(installed: Server) -> Iterator[Server]:
    """Exim delivers at once, when it is built and restarted the next time."""
    settings = installed.disk / "etc/exim.conf.local"
    before = settings.read_text()
    settings.write_text("@CONFIG@\nqueue_only = false\n")
    yield installed
    settings.write_text(before)
    for script in ("buildeximconf", "restartsrv_exim"):
        assert installed.run(f"/usr/local/cpanel/scripts/{script}").returncode == 0


def test_exim_that_the_keeper_restarted_lives_and_delivers(delivering: Server, judge: Judge) -> None:
    """It stays in the unit's cgroup, under its filter of system calls and with its capabilities."""
    trial = Trial(delivering)
    with delivering.without_cron_line():
        delivering.open_window("--delay-off", "--minutes", 15)
        delivering.let_time_pass()
        judge("closed by the hardened unit, which restarts Exim", trial)
    wait_for(lambda: is_active(delivering) == "inactive", 30, "the unit to end")
    daemon = pid(delivering)
    assert SERVICE in process(delivering, daemon, "cgroup")
    status = process(delivering, daemon, "status")
    assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t0$", status, re.MULTILINE)
    taken_away = capabilities(process(delivering, 1, "status")) & ~capabilities(status)
    assert taken_away
    assert [name for name, bit in {**TO_DELIVER, **FOR_JAILS}.items() if taken_away >> bit & 1] == []
    deliver(delivering, "after the unit ended")

    for action in ("start", "stop"):
        assert delivering.run("systemctl", action, SERVICE).returncode == 0
    assert pid(delivering) == daemon
    deliver(delivering, "after the next tick")

    before = starts(delivering)
    delivering.run("sh", "-c", f"kill -HUP {daemon}")
    wait_for(lambda: starts(delivering) > before, 10, "Exim to reload")
    deliver(delivering, "after a reload, which needs its rights again")


def deliver(server: Server, subject: str) -> None:
    """Have the daemon accept a message, and see it in the mailbox of a user that is neither root nor Exim."""
    mailbox = server.disk / "var/mail/mailbox"
    done = server.run("/usr/bin/python3", "-c", _SEND, subject)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: mailbox.exists() and subject in mailbox.read_text(), 20, f"the message {subject!r}")


def starts(server: Server) -> int:
    return (server.disk / "var/log/exim_mainlog").read_text().count("daemon started: pid=")


def is_active(server: Server) -> str:
    return server.run("systemctl", "is-active", SERVICE).stdout.strip()


def pid(server: Server) -> int:
    return int((server.disk / "var/spool/exim/exim-daemon.pid").read_text())


def process(server: Server, number: int, name: str) -> str:
    done = server.run("cat", f"/proc/{number}/{name}")
    assert done.returncode == 0, "Exim is not running"
    return done.stdout


def capabilities(status: str) -> int:
    bounding = re.search(r"^CapBnd:\t(\w+)$", status, re.MULTILINE)
    assert bounding
    return int(bounding[1], 16)
