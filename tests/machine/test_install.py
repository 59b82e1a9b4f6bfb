"""install.sh and uninstall.sh, unmodified, at their true paths on a booted machine."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.machine.conftest import Judge
from tests.machine.machine import CLONE
from tests.machine.server import INSTALL, TESTER, UNINSTALL, Server
from tests.machine.trial import Trial

OPT = "opt/mxverdict"
CGI = "usr/local/cpanel/whostmgr/docroot/cgi/addons/mxverdict"
DRIVERS = "usr/local/cpanel/Cpanel/Config/ConfigObj/Driver"
PRIVILEGES = (
    "/usr/local/cpanel/3rdparty/bin/perl",
    "-I/usr/local/cpanel",
    "-MCpanel::Config::ConfigObj",
    "-eCpanel::Config::ConfigObj::print_privileges()",
)


def refused(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    lines = done.stderr.splitlines()
    assert done.returncode == status, done.stderr
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]


def differences(before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]]) -> list[str]:
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def test_what_install_puts_where_and_that_it_runs(server: Server) -> None:
    server.installed()
    looks = server.state()

    def mode(path: str) -> str:
        assert looks[path][1:3] == (0, 0), path
        return str(looks[path][0])[-3:]

    assert mode(CGI) == mode(f"{CGI}/index.cgi") == mode("var/lib/mxverdict") == "700"
    assert mode("etc/cron.d/mxverdict") == "644"
    assert mode(f"{DRIVERS}/MXVerdict.pm") == mode(f"{DRIVERS}/MXVerdict/META.pm") == "644"
    assert mode(f"{DRIVERS}/MXVerdict") == "755"
    assert looks["usr/local/bin/mxverdict"][3] == "/opt/mxverdict/bin/mxverdict"
    icon = server.disk / "usr/local/cpanel/whostmgr/docroot/addon_plugins/mxverdict.png"
    assert icon.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert icon.read_bytes()[16:24] == (48).to_bytes(4, "big") * 2
    for name in ("etc/systemd/system/mxverdict-keeper.service", "etc/cron.d/mxverdict"):
        assert not re.search("@[A-Z]+@", (server.disk / name).read_text())
    foreign = [path for path in looks if path.startswith(OPT) and looks[path][1:3] != (0, 0)]
    assert not foreign

    registered = server.run("/usr/local/cpanel/bin/is_registered_with_appconfig", "whostmgr", "mxverdict")
    assert registered.returncode == 0
    assert server.run("systemctl", "is-enabled", "mxverdict-keeper.timer").stdout == "enabled\n"
    assert server.run("systemctl", "is-active", "mxverdict-keeper.timer").stdout == "active\n"
    assert server.run("mxverdict", "preview", TESTER).returncode == 0
    assert server.run(*PRIVILEGES).stdout.startswith("software-mxverdict\t")

    request = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/cgi/addons/mxverdict/index.cgi",
        "REMOTE_USER": "root",
        "cp_security_token": "/cpsess1234567890",
    }
    done = server.run(f"/{CGI}/index.cgi", env=request)
    assert done.returncode == 0
    assert "Content-Type: text/html" in done.stdout
    assert "MX Verdict" in done.stdout
    assert not done.stderr


def test_a_fresh_server_gets_the_folder_of_registrations(server: Server) -> None:
    (server.disk / "var/cpanel/apps").rmdir()
    server.installed()
    folder = server.state()["var/cpanel/apps"]
    assert folder[:3] == ("0o40755", 0, 0)
    registered = server.run("/usr/local/cpanel/bin/is_registered_with_appconfig", "whostmgr", "mxverdict")
    assert registered.returncode == 0


def test_whm_knows_the_privilege_at_once_and_no_longer(server: Server) -> None:
    """Its cache holds while the folder of the drivers does not change."""
    assert server.run(*PRIVILEGES).stdout == ""
    server.installed()
    assert server.run(*PRIVILEGES).stdout.startswith("software-mxverdict\t")
    (server.disk / DRIVERS / "MXVerdict/META.pm").unlink()
    server.installed()
    assert server.run(*PRIVILEGES).stdout.startswith("software-mxverdict\t")
    assert server.run(UNINSTALL).returncode == 0
    assert server.run(*PRIVILEGES).stdout == ""


def test_a_whm_that_cannot_load_the_privilege_keeps_its_editor(server: Server) -> None:
    parent = server.disk / "usr/local/cpanel/Cpanel/Config/ConfigObj/Interface/Config/v1.pm"
    parent.unlink()
    done = server.install()
    assert done.returncode == 0, done.stderr
    assert "root-level users alone" in done.stdout
    assert not [path for path in server.state() if path.startswith(f"{DRIVERS}/")]
    registered = server.run("/usr/local/cpanel/bin/is_registered_with_appconfig", "whostmgr", "mxverdict")
    assert registered.returncode == 0


def test_uninstall_leaves_nothing(server: Server) -> None:
    before = server.state()
    server.installed()
    assert differences(before, server.state())
    done = server.run(UNINSTALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert not differences(before, server.state())
    timers = server.run("systemctl", "list-units", "--all", "--no-legend", "mxverdict*")
    assert not timers.stdout


def test_uninstall_closes_open_windows_first(server: Server) -> None:
    server.installed()
    server.open_window("--minutes", 200)
    server.open_window("--delay-off", "--minutes", 200)
    assert server.exempt()
    assert server.delays() == 0
    done = server.run(UNINSTALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert not server.exempt()
    assert server.delays() == 3
    assert not server.greets()
    assert not (server.disk / "var/lib/mxverdict").exists()


def test_uninstall_stays_while_a_window_cannot_be_closed(server: Server) -> None:
    server.installed()
    server.open_window("--delay-off", "--minutes", 200)
    fault = server.disk / "sandbox/faults/buildeximconf-fails"
    fault.touch()
    before = server.state()
    done = server.run(UNINSTALL)
    assert done.returncode == 4
    assert "nothing was removed" in done.stderr.splitlines()[-1]
    changed = differences(before, server.state())
    assert all(path.startswith(("var/lib/mxverdict/", "etc/exim.conf")) for path in changed), changed
    assert server.run("systemctl", "is-active", "mxverdict-keeper.timer").stdout == "active\n"

    fault.unlink()
    done = server.run(UNINSTALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert server.delays() == 3


def test_uninstall_by_force_says_what_stays(server: Server) -> None:
    server.installed()
    server.open_window("--delay-off", "--minutes", 200)
    (server.disk / "sandbox/faults/buildeximconf-fails").touch()
    done = server.run(UNINSTALL, "--force")
    assert done.returncode == 0
    assert "acl_delay_unknown_hosts" in done.stderr.splitlines()[-1]
    assert not (server.disk / OPT).exists()


def test_permanent_entries_outlive_an_upgrade_and_uninstall_names_them(server: Server) -> None:
    server.installed()
    listed = server.disk / "etc/senderverifybypasshosts"
    before = listed.read_text()
    opened = server.run("mxverdict", "window", "open", "--permanent", "--address", TESTER)
    assert opened.returncode == 0, opened.stderr
    assert server.run("mxverdict", "window", "open", "--common-mail-providers").returncode == 0
    settings = (server.disk / "etc/exim.conf.localopts").read_text()
    server.installed()
    server.let_time_pass(400 * 86_400)
    assert server.run("systemctl", "start", "mxverdict-keeper.service").returncode == 0
    assert listed.read_text() == f"{TESTER}\n{before}"
    assert "Permanent entry 1" in server.run("mxverdict", "window", "list").stdout
    done = server.run(UNINSTALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert "These permanent entries stay in /etc/senderverifybypasshosts" in done.stdout
    assert done.stdout.splitlines()[-2] == TESTER
    assert done.stdout.splitlines()[-1].startswith("Common Mail Providers stay exempt from the delay")
    assert (server.disk / "etc/exim.conf.localopts").read_text() == settings
    assert listed.read_text() == f"{TESTER}\n{before}"
    assert not (server.disk / "var/lib/mxverdict").exists()


def test_refusals_are_one_line_and_change_nothing(server: Server) -> None:
    before = server.state()
    someone = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    refused(server.run(*someone, INSTALL), 3, "needs root")
    assert server.run(INSTALL, "--frobnicate").returncode == 2

    register = server.disk / "usr/local/cpanel/bin/register_appconfig"
    register.rename(register.with_name("away"))
    refused(server.install(), 3, "no cPanel server")
    register.with_name("away").rename(register)

    foreign = server.disk / "usr/local/bin/mxverdict"
    foreign.write_text("somebody else's\n")
    refused(server.install(), 3, "/usr/local/bin/mxverdict")
    foreign.unlink()
    assert not differences(before, server.state())


@pytest.mark.parametrize(
    ("system", "advice"),
    [
        ("ID=debian", "apt-get install python3-venv"),
        ('ID="almalinux"\nID_LIKE="rhel centos fedora"', "dnf install python3.11"),
    ],
)
def test_without_python_it_names_the_package(server: Server, system: str, advice: str) -> None:
    (server.disk / "etc/os-release").unlink()
    (server.disk / "etc/os-release").write_text(f"{system}\n")
    bundled = next(server.disk.glob("usr/lib/python3.*/ensurepip"))
    shutil.rmtree(bundled)
    before = server.state()
    refused(server.install(), 3, "Python 3.9", advice)
    assert not differences(before, server.state())


def test_a_failed_install_leaves_nothing(server: Server) -> None:
    before = server.state()
    done = server.install(wheels="/nowhere")
    assert done.returncode == 3
    assert "nothing was changed" in done.stderr.splitlines()[-1]
    assert not differences(before, server.state())


def test_a_package_with_another_hash_is_refused(server: Server) -> None:
    before = server.state()
    server.run("cp", "-r", "/wheels", "/var/tmp/wheels")
    wheel = next((server.disk / "var/tmp/wheels").glob("requests-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    done = server.install(wheels="/var/tmp/wheels")
    assert done.returncode == 3
    assert "nothing was changed" in done.stderr.splitlines()[-1]
    assert not differences(before, server.state())


def test_when_whm_refuses_the_registration_nothing_is_left(server: Server) -> None:
    before = server.state()
    register = server.disk / "usr/local/cpanel/bin/register_appconfig"
    right = register.read_text()
    register.write_text("#!/bin/sh\nexit 1\n")
    done = server.install()
    assert done.returncode == 3
    register.write_text(right)
    assert not differences(before, server.state())


def test_a_failed_upgrade_leaves_the_version_before(server: Server) -> None:
    server.installed()
    server.open_window("--minutes", 200)
    before = server.state()
    register = server.disk / "usr/local/cpanel/bin/register_appconfig"
    right = register.read_text()
    register.write_text("#!/bin/sh\n[ -e /var/tmp/refused ] || { touch /var/tmp/refused; exit 1; }\n")
    done = server.install()
    assert done.returncode == 3
    assert "the version before goes on" in done.stderr.splitlines()[-1]
    register.write_text(right)
    changed = differences(before, server.state())
    assert not [path for path in changed if not path.startswith("var/lib/mxverdict/")], changed
    assert server.run("mxverdict", "--version").returncode == 0
    assert server.run("systemctl", "is-active", "mxverdict-keeper.timer").stdout == "active\n"
    assert server.windows() == ["open"]


def test_an_upgrade_takes_the_new_version_and_leaves_windows_open(server: Server) -> None:
    server.installed()
    server.open_window("--minutes", 200)
    server.run("cp", "-r", CLONE, "/var/tmp/newer")
    version = server.disk / "var/tmp/newer/plugin/mxverdict/__init__.py"
    version.write_text('__version__ = "9.9.9"\n')
    done = server.install(script="/var/tmp/newer/install.sh")
    assert done.returncode == 0, done.stderr
    assert server.run("mxverdict", "--version").stdout == "mxverdict 9.9.9\n"
    assert server.windows() == ["open"]
    assert server.greets()
    assert server.run("mxverdict", "window", "close", "--all").returncode == 0
    assert server.run(UNINSTALL).returncode == 0
    assert not (server.disk / OPT).exists()


@pytest.mark.slow
def test_windows_that_an_older_version_opened_close_in_time(server: Server, judge: Judge) -> None:
    """An older version keeps no copy of its journal, and has one lock for all windows."""
    server.installed()
    trial = Trial(server)
    server.open_window("--minutes", 200)
    server.open_window("--delay-off", "--minutes", 200)
    for newer in ("journal.copy.sqlite", "lock.*"):
        server.run("sh", "-c", f"rm /var/lib/mxverdict/{newer}")
    (server.disk / "var/lib/mxverdict/lock").touch(0o600)
    server.installed()
    assert server.windows() == ["open", "open"]
    assert server.delays() == 0
    server.let_time_pass(200 * 60)
    judge("installed over an older version with windows open", trial)
    assert server.windows() == ["closed", "closed"]
