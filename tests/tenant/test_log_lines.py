"""A customer's folder, whose name looks like lines of Exim's log, logged by a real Exim with `+arguments`."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from mxverdict.collect.mainlog.traffic import read_traffic
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.host import Host
from mxverdict.testers import load
from mxverdict.window.watch import tester_visit
from tests import log_reference
from tests.sandbox.server_files import exim_program, exim_user
from tests.tenant.customer import UID, Customer
from tests.unit.window.rows import window

_PYTHON = "/usr/bin/python3"
TESTER = "18.209.86.113"
CONFIGURATION = """
log_selector = +arguments
log_file_path = {log}/exim_%slog
spool_directory = {spool}
keep_environment =
"""
MAKE = """
import os, sys
for part in sys.argv[1:]:
    os.makedirs(part, exist_ok=True)
    os.chdir(part)
"""
ENTER = """
import os, sys
program, configuration, *parts = sys.argv[1:]
for part in parts:
    os.chdir(part)
os.execv(program, [program, "-C", configuration, "-bp"])
"""


def stamp(ahead: float = 0.0) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + ahead))


def forged() -> list[str]:
    return [
        f"{stamp()} SMTP connection from [{TESTER}]:49152 (TCP/IP connection count = 1)",
        f"{stamp()} SMTP connection from (k) [{TESTER}]:49152 lost D=15s",
        f"{stamp()} SMTP connection from (k) [{TESTER}]:49152 closed by QUIT",
        f"{stamp()} 1xWAFC-000780-0l <= a@b.example H=(k) [198.51.100.7]:4 P=esmtp S=3 for c",
        f"{stamp()} H=(k) [198.51.100.7]:4 sender verify fail for <a@b.example>: no",
    ]


def one_name() -> list[list[str]]:
    return [[f"x\n{line}\nz"] for line in forged()]


def one_path() -> list[list[str]]:
    return [["p", *(f"x\n{line}\nz" for line in forged())]]


def complete() -> list[list[str]]:
    """Each record looks like three lines, the first and the last of them complete."""
    return [[f"x 3 args: exim -bp\n{line}\n{stamp()} cwd=", "var", "spool", "exim"] for line in forged()]


def early_arguments() -> list[list[str]]:
    return [[f"x\ny 3 args: exim\n{line}\nz"] for line in forged()]


def no_time() -> list[list[str]]:
    end = f"SMTP connection from [{TESTER}]:49152 lost D=15s"
    return [
        [f"x\n9999-12-31 23:59:59 -9999 {end}\nz"],
        [f"y 3 args: exim\n9999-12-31 23:59:59 -9999 {end}\n"],
    ]


@pytest.fixture
def host(tenant: Customer) -> Host:
    """A server with a log that Exim may write to."""
    host = Host(tenant.home / "server")
    host.exim_mainlog.parent.mkdir(parents=True)
    host.exim_mainlog.write_bytes(b"")
    shutil.chown(host.exim_mainlog, exim_user())
    spool = tenant.home / "spool"
    spool.mkdir()
    shutil.chown(spool, exim_user())
    (tenant.home / "exim.conf").write_text(
        CONFIGURATION.format(log=host.exim_mainlog.parent, spool=spool), encoding="utf-8"
    )
    return host


def run_exim_in(host: Host, folders: list[list[str]]) -> bytes:
    """Run Exim in folders that the customer makes; the log's new text. Root starts it, since with another
    configuration Exim logs for nobody else."""
    before = host.exim_mainlog.stat().st_size
    home = host.root.parent
    for parts in folders:
        words = [_PYTHON, "-c", MAKE, *parts]
        subprocess.run(words, cwd=home, check=True, user=UID, group=UID, extra_groups=[])
        words = [_PYTHON, "-c", ENTER, exim_program(), str(home / "exim.conf"), *parts]
        subprocess.run(words, cwd=home, check=True, capture_output=True)
    return host.exim_mainlog.read_bytes()[before:]


@pytest.mark.parametrize("names", [one_name, one_path, complete, early_arguments, no_time])
def test_a_folder_is_no_visit(host: Host, names: object) -> None:
    inode, offset = tester_visit.log_position(host)
    row = window(
        until_tested=True, opened_at=time.time() - 5, networks=(TESTER,), log_inode=inode, log_offset=offset
    )
    assert callable(names)
    folders = names()
    written = run_exim_in(host, folders)
    assert written.count(b" args: ") >= len(folders) and b"\n" in written[:-1], written
    for seconds_ago in (0, 10):
        moment = time.time() - seconds_ago
        os.utime(host.exim_mainlog, (moment, moment))
        assert tester_visit.find_session(host, row)[0] is None
        found = read_visits(host, load().testers, time.time() - 3600)
        assert (found.visits, found.remarks) == ((), ())
        traffic = read_traffic(host, time.time() - 3600, time.time())
        told = (traffic.connections, traffic.left, traffic.delivered, traffic.refused_total, traffic.remarks)
        assert told == (0, 0, 0, 0, ())
    assert log_reference.visits(written.splitlines(True), [TESTER], time.time() - 3600, time.time()) == []


def test_a_visit_beside_it_still_counts(host: Host) -> None:
    """The customer's folders hide what they stand next to, at most for 8 KiB."""
    inode, offset = tester_visit.log_position(host)
    row = window(opened_at=time.time() - 5, networks=(TESTER,), log_inode=inode, log_offset=offset)
    run_exim_in(host, one_name())
    with host.exim_mainlog.open("a") as log:
        log.write(f"{stamp()} {'z' * 300}\n")
        log.write("\n".join([*forged()[:1], forged()[2], ""]))
    run_exim_in(host, one_name())
    os.utime(host.exim_mainlog, (time.time() - 10,) * 2)
    visit = tester_visit.find_session(host, row)[0]
    assert visit is not None and visit.how == "left with QUIT"
