"""A self-check can be forwarded: names, addresses and secrets are in all it reads, in nothing it writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.selfchecks import Server
from tests.sandbox.box import Sandbox

DOMAIN = "secret-customer.example"
ADDRESS = "198.51.100.77"
ADDRESS6 = "2001:db8:5ec::77"
MAILBOX = "ceo.person"
PASSWORD = "Sm4rth0st-Pa55"
TOKEN = "TOKEN0123456789SECRET"
HOST_NAME = "cp1.example.net"
SERVER = "203.0.113.10"
ACCOUNTS = ("shop.example", "bakery.example", "alice", "admin@example.net")
PLANTED = (DOMAIN, ADDRESS, ADDRESS6, MAILBOX, PASSWORD, TOKEN)
_ALL = f"{MAILBOX}@{DOMAIN} {ADDRESS} {ADDRESS6} {PASSWORD} {TOKEN}"

_EVERYWHERE = f"""#!/bin/sh
"$0.original" "$@" | sed 's/": *"[^"]*"/": "{MAILBOX}@{DOMAIN} {ADDRESS} {PASSWORD}"/g'
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with Sandbox() as box:
        yield Server(box)


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def plant_in_lists(server: Server) -> None:
    for path in sorted((server.root / "etc").iterdir()):
        if path.is_file() and ("hosts" in path.name or "netblocks" in path.name or "ips" in path.name):
            append(path, f"{ADDRESS} # {_ALL}", f'"{ADDRESS6}/128"', f"# {_ALL}", f" {_ALL}")


def plant_in_settings(server: Server) -> None:
    append(server.host.localopts, f"smarthost_password={PASSWORD}")
    append(
        server.host.localopts,
        f"smarthost_routelist={DOMAIN} {ADDRESS}",
        f"acl_delay_unknown_hosts={PASSWORD}",
    )
    append(server.host.localopts_shadow, f"smarthost_password={PASSWORD}")
    append(server.host.exim_conf, f"# {_ALL}")
    text = server.host.exim_conf.read_text()
    text = text.replace("begin acl\n", f"hostlist {MAILBOX.replace('.', '_')} = {ADDRESS}\nbegin acl\n", 1)
    server.host.exim_conf.write_text(text)


def plant_in_log(server: Server) -> None:
    log = server.host.exim_mainlog
    append(
        log,
        f"2026-11-29 12:00:00 SMTP connection from ({DOMAIN}) [{ADDRESS}]:4711 went away",
        f"2026-11-29 12:00:00 1vPAbc-000000001AB-0001 <= {MAILBOX}@{DOMAIN} H={DOMAIN} [{ADDRESS6}] P=esmtp",
        _ALL,
    )
    log.with_name(f"exim_mainlog.{DOMAIN}").touch()
    append(server.host.logrotate / DOMAIN, f"/var/log/exim_mainlog {{ mail {MAILBOX}@{DOMAIN}\n weekly }}")


def plant_in_keeper(server: Server) -> None:
    append(server.host.keeper_cron, f"# {_ALL}", f"* * * * * root keeper {_ALL}")
    append(server.host.keeper_unit, f"Environment={_ALL}")
    (server.systemd / "timer").write_text(f"ActiveState={_ALL}\nUnitFileState={DOMAIN}\n")
    (server.systemd / "service").write_text(f"Result={_ALL}\nExecMainStatus={TOKEN}\n")
    server.windows.open(networks=[ADDRESS], tester=DOMAIN, reason=_ALL)
    (server.host.state / "keeper.error").write_text(_ALL)


def plant_in_programs(server: Server) -> None:
    """Every text in WHM's answers; Exim's version and session."""
    program = server.host.whmapi1
    program.rename(program.with_name("whmapi1.original"))
    program.write_text(_EVERYWHERE)
    program.chmod(0o755)
    exim = server.host.exim
    case = (
        f'case " $* " in *" -bV "*) echo "Exim version {DOMAIN}"; exit 0;; '
        f'*" -bh "*) echo "{_ALL}"; echo "{_ALL}" >&2; exit 0;; esac\n'
    )
    exim.write_text(exim.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{case}"))
    server.host.cpanel_version.write_text(f"{ADDRESS}\n")
    server.host.exim_pid_file.write_text(_ALL)


def plant_in_page(server: Server) -> None:
    append(server.host.registration, f"# {_ALL}", f"displayname={_ALL}", f"acls={MAILBOX}")
    header = server.host.cpanel / "Whostmgr/HTMLInterface.pm"
    header.write_text(
        f'package Whostmgr::HTMLInterface; warn "{_ALL.replace("@", "")}"; print "{DOMAIN}"; 1;\n'
    )
    server.host.privilege_driver.write_text(f'warn "{DOMAIN} {TOKEN}"; die "{ADDRESS}";\n')


PLANTS = (
    plant_in_keeper,
    plant_in_lists,
    plant_in_settings,
    plant_in_log,
    plant_in_page,
    plant_in_programs,
)


def outputs(server: Server, folder: Path) -> str:
    file = folder / "page.json"
    text = server.run("--save", file)
    told = server.run("--json")
    again = server.run("--from", file)
    assert json.loads(told.stdout)["evidence"]["lists"]
    whole = "".join(one.stdout + one.stderr for one in (text, told, again)) + file.read_text()
    assert "Traceback" not in whole
    return whole


def test_a_usual_server_is_not_named(server: Server, tmp_path: Path) -> None:
    whole = outputs(server, tmp_path)
    assert [name for name in (HOST_NAME, SERVER, *ACCOUNTS, os.uname().nodename) if name in whole] == []
    assert "(hostname)" in whole


def test_nothing_that_was_planted_comes_out(server: Server, tmp_path: Path) -> None:
    for plant in PLANTS:
        plant(server)
        whole = outputs(server, tmp_path)
        assert [
            one for one in (*PLANTED, HOST_NAME, SERVER, *ACCOUNTS) if one.lower() in whole.lower()
        ] == [], plant
