"""A customer's processes, whatever they call themselves, hold up no window and have nothing killed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mxverdict import processes
from mxverdict.errors import HostError
from mxverdict.window.changes import exim_config
from tests.tenant.customer import SLEEP, UID, Customer, lives, wait_for
from tests.tenant.small_server import OFF, SmallServer

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
READ: list[str] = []
IN_GROUP = """
import subprocess, sys, time
theirs = subprocess.Popen(
    [sys.argv[1], "600"], executable="/bin/sleep", env={"MXVERDICT_COMMAND": "1"}, user=int(sys.argv[2])
)
print(theirs.pid, flush=True)
time.sleep(600)
"""
LEADER = """#!/bin/sh
sleep 600 &
echo $! > ROOT/child
exec sleep 600
"""
LATE = """#!/bin/sh
sleep 1
echo OFF > ROOT/etc/exim.conf.localopts
"""
LEFT = """
import os, sys
from mxverdict.host import Host
print(Host(sys.argv[1]).start([sys.argv[2]], remember_as=sys.argv[3]).pid, flush=True)
os._exit(0)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exim_config, "_OTHERS_WAIT", 0.5)
    monkeypatch.setattr(exim_config, "_OTHERS_WAIT_OPENING", 0.5)


def left_behind(server: SmallServer, script: Path, name: str) -> int:
    """A command of ours whose starter was killed."""
    words = [sys.executable, "-c", LEFT, str(server.root), str(script), name]
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def uids(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:3] for line in lines if line.startswith("Uid:"))


def pretend(tenant: Customer, server: SmallServer, how: str) -> subprocess.Popen[bytes]:
    """A process of the customer's that passes for a build of this server's."""
    name = server.root / "any/buildeximconf"
    if how == "by name":
        return tenant.run([name, 600], executable=SLEEP)
    program = tenant.home / "setuid"
    shutil.copy(SLEEP, program)
    program.chmod(0o4755)
    process = tenant.run([name, 600], executable=str(program))
    assert uids(process.pid) == [str(UID), "0"]
    return process


@pytest.mark.parametrize("how", ["by name", "setuid"])
def test_what_calls_itself_a_build_holds_up_nothing(server: SmallServer, tenant: Customer, how: str) -> None:
    process = pretend(tenant, server, how)
    exim_config.require_none_under_way(server.host)
    server.switch_off()
    server.switch_back()
    assert server.is_on
    assert lives(process.pid)


def test_a_build_of_roots_still_counts(server: SmallServer) -> None:
    script = server.script(server.root / "scripts/buildeximconf", "#!/bin/sh\nsleep 600\n")
    with subprocess.Popen([str(script)], start_new_session=True) as build:
        try:
            with pytest.raises(HostError, match="buildeximconf is still running"):
                exim_config.require_none_under_way(server.host)
        finally:
            os.killpg(build.pid, signal.SIGKILL)


def test_the_setting_goes_back_first_whoever_builds(server: SmallServer) -> None:
    server.switch_off()
    script = server.script(server.root / "scripts/buildeximconf", "#!/bin/sh\nsleep 600\n")
    with subprocess.Popen([str(script)], start_new_session=True) as build:
        try:
            with pytest.raises(HostError, match="buildeximconf is still running"):
                server.switch_back()
            assert server.is_on
        finally:
            os.killpg(build.pid, signal.SIGKILL)
    server.switch_back()
    assert server.is_on


def test_the_environment_has_nothing_killed(server: SmallServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of root's runs one of the customer's, in its own group: as `su` and cron do."""
    monkeypatch.setattr(exim_config, "_ORPHAN_WAIT", 0.1)
    words = [sys.executable, "-c", IN_GROUP, str(server.root / "any/buildeximconf"), str(UID)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as of_root:
        try:
            assert of_root.stdout is not None
            theirs = int(of_root.stdout.readline())
            server.switch_off()
            server.switch_back()
            assert lives(of_root.pid)
            assert lives(theirs)
        finally:
            os.killpg(of_root.pid, signal.SIGKILL)


def test_what_a_killed_process_of_ours_left_is_ended_with_its_session(
    server: SmallServer, tenant: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exim_config, "_ORPHAN_WAIT", 0.1)
    leader = left_behind(server, server.script(server.root / "leader", LEADER), "buildeximconf")
    wait_for(server.root / "child")
    child = int((server.root / "child").read_text())
    bystander = tenant.run([SLEEP, 600])
    exim_config.end_orphans(server.host, exim_config.BUILDS)
    assert not lives(leader)
    assert not lives(child)
    assert lives(bystander.pid)
    assert not list(server.host.state.glob("running.*"))


def test_a_number_that_another_process_has_now_is_left_alone(
    server: SmallServer, tenant: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exim_config, "_ORPHAN_WAIT", 0.1)
    process = tenant.run([SLEEP, 600])
    start = processes.start_of(process.pid)
    assert start is not None
    record = processes.remember(server.host.state, server.host.boot(), process.pid, "buildeximconf")
    known = processes.Known(record, process.pid, start - 1, "buildeximconf")
    record.write_text(f"{server.host.boot()} {start - 1} buildeximconf\n")
    exim_config.end_orphans(server.host, exim_config.BUILDS)
    assert processes.end(known)
    record.write_text(f"another-boot {start} buildeximconf\n")
    exim_config.end_orphans(server.host, exim_config.BUILDS)
    assert lives(process.pid)
    assert not record.exists()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM], ids=["missing", "forbidden"])
def test_a_kernel_without_pidfd_open(
    server: SmallServer, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def missing(_: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pidfd_open", missing)
    monkeypatch.setattr(exim_config, "_ORPHAN_WAIT", 0.1)
    leader = left_behind(server, server.script(server.root / "leader", LEADER), "buildeximconf")
    wait_for(server.root / "child")
    exim_config.end_orphans(server.host, exim_config.BUILDS)
    assert not lives(leader)
    assert not lives(int((server.root / "child").read_text()))


def test_a_save_of_ours_that_comes_late_is_caught(server: SmallServer) -> None:
    server.switch_off()
    late = server.script(server.root / "late", LATE.replace("OFF", OFF))
    left_behind(server, late, "set_tweaksetting")
    server.switch_back()
    assert server.is_on
    assert OFF not in server.host.localopts.read_text()


def test_a_command_does_nothing_before_it_is_written_down(server: SmallServer) -> None:
    """Its starter is killed in between."""
    script = server.script(server.root / "touches", "#!/bin/sh\ntouch ROOT/touched\n")
    killed = (
        "import os, signal, sys; from mxverdict.host import Host\n"
        "Host._remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Host(sys.argv[1]).start([sys.argv[2]], remember_as='buildeximconf')"
    )
    done = subprocess.run(
        [sys.executable, "-c", killed, str(server.root), str(script)],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not (server.root / "touched").exists()
    assert server.host.run([script], timeout=30, stdin="", remember_as="buildeximconf").status == 0
    assert (server.root / "touched").exists()


def test_standard_input_reaches_a_command_that_is_written_down(server: SmallServer) -> None:
    script = server.script(server.root / "copies", '#!/bin/sh\ncat; echo "$1"\n')
    done = server.host.run([script, "$(id) `id`\n'"], timeout=30, stdin="one\ntwo\n", remember_as="copies")
    assert done.stdout == "one\ntwo\n$(id) `id`\n'\n"


def test_nothing_of_a_customers_process_is_read_that_can_hang(server: SmallServer, tenant: Customer) -> None:
    """Command line and environment are the process's own memory."""
    theirs = pretend(tenant, server, "setuid")
    by_name = pretend(tenant, server, "by name")
    _watch_opens()
    READ.clear()
    exim_config.wait_for_concurrent_builds(server.host, 0.0)
    read = set(READ)
    assert f"/proc/{theirs.pid}/status" in read
    for process in (theirs, by_name):
        assert not read & {f"/proc/{process.pid}/cmdline", f"/proc/{process.pid}/environ"}


_WATCHING: list[bool] = []


def _watch_opens() -> None:
    def note(event: str, words: tuple[object, ...]) -> None:
        if event == "open":
            READ.append(str(words[0]))

    if not _WATCHING:
        _WATCHING.append(True)
        sys.addaudithook(note)
