"""The keeper's unit under systemd: sound, hardened, and harmless to an Exim that it leaves behind."""

from __future__ import annotations

import re

import pytest

from tests.machine.server import Server

pytestmark = pytest.mark.slow

UNITS = ("mxverdict-keeper.service", "mxverdict-keeper.timer")
MOST_EXPOSURE = 7.5
TO_DELIVER = ("chown", "dac_override", "fowner", "kill", "net_bind_service", "setgid", "setuid")
FOR_JAILS = ("mknod", "sys_admin", "sys_chroot", "sys_resource")


def test_systemd_finds_nothing_wrong(installed: Server) -> None:
    done = installed.run("systemd-analyze", "verify", *(f"/etc/systemd/system/{unit}" for unit in UNITS))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    timers = installed.run("systemctl", "list-timers", "mxverdict-keeper.timer", "--no-legend")
    assert re.search(r"left .* mxverdict-keeper\.timer +mxverdict-keeper\.service", timers.stdout)


def test_exposure(installed: Server) -> None:
    done = installed.run("systemd-analyze", "security", "--no-pager", UNITS[0])
    exposure = re.search(r"Overall exposure level for \S+ ([\d.]+) ", done.stdout)
    assert exposure
    assert float(exposure[1]) <= MOST_EXPOSURE, done.stdout
