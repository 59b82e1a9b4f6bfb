"""Whom the pid file in Exim's spool names, after the daemon has ended and its number has become another's."""

from __future__ import annotations

import os
import shutil

import pytest

from mxverdict.collect import exim_daemon
from tests.tenant.customer import SLEEP, Customer
from tests.tenant.small_server import SmallServer


def test_a_process_of_a_customers_is_not_taken_for_the_daemon(server: SmallServer, tenant: Customer) -> None:
    program = shutil.copy(SLEEP, tenant.home / "exim")
    process = tenant.run([program, 60])
    server.host.exim_pid_file.write_text(f"{process.pid}\n")
    assert exim_daemon.daemon_state(server.host) == exim_daemon.OTHER_PROGRAM
    assert exim_daemon.daemon_pid(server.host) is None


def test_root_and_the_owner_of_the_spool_run_the_daemon(server: SmallServer, tenant: Customer) -> None:
    assert exim_daemon.daemon_state(server.host) == exim_daemon.RUNNING
    program = shutil.copy(SLEEP, tenant.home / "exim")
    process = tenant.run([program, 60])
    tenant.own(server.host.exim_pid_file.parent, 0o755)
    server.host.exim_pid_file.write_text(f"{process.pid}\n")
    assert exim_daemon.daemon_pid(server.host) == process.pid


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (b"", exim_daemon.NO_NUMBER),
        (b"-1", exim_daemon.NO_NUMBER),
        (b"0", exim_daemon.NO_NUMBER),
        (b"1\n2\n", exim_daemon.NO_NUMBER),
        (b"\xff\x00", exim_daemon.NO_NUMBER),
        (b"9" * 5000, exim_daemon.NO_PROCESS),
        (f"{os.getpid()}\n".encode(), exim_daemon.OTHER_PROGRAM),
    ],
    ids=["nothing", "negative", "zero", "two lines", "bytes", "digits", "another program"],
)
def test_what_the_file_may_hold(server: SmallServer, content: bytes, state: str) -> None:
    server.host.exim_pid_file.write_bytes(content)
    assert exim_daemon.daemon_state(server.host) == state


def test_a_pipe_in_its_place_is_no_number(server: SmallServer) -> None:
    server.host.exim_pid_file.unlink()
    os.mkfifo(server.host.exim_pid_file)
    assert exim_daemon.daemon_state(server.host) == exim_daemon.NO_NUMBER
