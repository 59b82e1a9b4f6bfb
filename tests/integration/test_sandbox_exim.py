"""The stand-in server does what the fact sheet says of a cPanel server's Exim and its commands."""

from __future__ import annotations

import grp
import os
import pwd
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

import pytest

from tests.sandbox import network
from tests.sandbox.box import Sandbox
from tests.sandbox.server_files import REPOSITORY, exim_user

pytestmark = pytest.mark.exim

STRANGER = "198.51.100.7"
NAMELESS = "198.51.100.8"
STRANGER_NAME = "host7.example.org"
MARKER = "# BEGIN INSERT delay_unknown_hosts"
INSTALLED = "Configuration file passes test!  New configuration file was installed.\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(connect_delay=20, rcpt_delay=21, spam_delay=40, slow_fail_limit=1000) as box:
        yield box


@pytest.fixture
def box(shared: Sandbox) -> Iterator[Sandbox]:
    """The module's sandbox; `etc` is put back afterwards."""
    kept = {file: (file.read_bytes(), file.stat()) for file in (shared.root / "etc").iterdir()}
    yield shared
    for file, (content, status) in kept.items():
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
            os.chown(file, status.st_uid, status.st_gid)
            file.chmod(status.st_mode)
    for fault in (shared.root / "sandbox/faults").iterdir():
        fault.unlink()


def preview(
    box: Sandbox,
    source: str,
    port: int = 25,
    recipient: str = "test@mxtoolboxsmtpdiag.com",
    helo: str = "tester.example",
    sender: str = "supertool@mxtoolboxsmtpdiag.com",
) -> str:
    """Everything Exim says in a pretend session from `source`."""
    done = box.run(
        [box.root / "usr/sbin/exim", "-oMi", f"203.0.113.10.{port}", "-bh", source],
        stdin=f"EHLO {helo}\r\nMAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\n",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def delays(box: Sandbox, source: str, port: int = 25) -> list[int]:
    lines = preview(box, source, port).splitlines()
    return [int(line.split()[4].partition("-")[0]) for line in lines if "delay modifier requests" in line]


def add(box: Sandbox, name: str, line: str) -> None:
    with (box.root / "etc" / name).open("a") as file:
        file.write(f"{line}\n")


def set_option(box: Sandbox, key: str, value: Optional[str]) -> None:
    """Edit one line of localopts (None: remove it) without rebuilding."""
    file = box.root / "etc/exim.conf.localopts"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{key}=")]
    file.write_text("\n".join([*lines, *([] if value is None else [f"{key}={value}"])]) + "\n")


def script(box: Sandbox, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return box.run([box.root / "usr/local/cpanel/scripts" / name, *arguments])


def mainlog(box: Sandbox) -> str:
    return (box.root / "var/log/exim_mainlog").read_text()


def conf(box: Sandbox) -> str:
    return (box.root / "etc/exim.conf").read_text()


# The delays and who is exempt from them


def test_a_stranger_waits_at_connect_and_at_rcpt(box: Sandbox) -> None:
    assert conf(box).count(MARKER) == 3
    assert delays(box, STRANGER) == [20, 21]
    assert delays(box, NAMELESS) == [20, 21]


@pytest.mark.parametrize("port", [465, 587])
def test_only_port_25_delays(box: Sandbox, port: int) -> None:
    assert delays(box, STRANGER, port) == []


@pytest.mark.parametrize("address", ["127.0.0.1", network.SERVER_IPV4, network.SERVER_IPV4_SECOND, "::1"])
def test_the_server_itself_does_not_wait(box: Sandbox, address: str) -> None:
    assert delays(box, address) == []


def test_its_own_ipv6_address_does_not_wait_either(box: Sandbox) -> None:
    """By a real connection: `-bh` writes the address out in full, which Exim 4.96's `@[]` never matches."""
    greeting = "import socket; print(socket.create_connection(('2001:db8:10::10', 25)).recv(3))"
    assert box.run([sys.executable, "-c", greeting], timeout=5).stdout == "b'220'\n"


@pytest.mark.parametrize(
    ("name", "line", "source", "exempt"),
    [
        ("senderverifybypasshosts", STRANGER, STRANGER, True),
        ("senderverifybypasshosts", "198.51.100.0/29 # a note", STRANGER, True),
        ("senderverifybypasshosts", "198.51.100.0/29", NAMELESS, False),
        ("senderverifybypasshosts", NAMELESS, NAMELESS, True),
        ("senderverifybypasshosts", '"2001:db8:99::/48"', "2001:db8:99::7", True),
        ("skipsmtpcheckhosts", STRANGER, STRANGER, True),
        ("recent_authed_mail_ips", STRANGER, STRANGER, True),
        ("neighbor_netblocks", "198.51.100.0/24", STRANGER, True),
        ("greylist_trusted_netblocks", STRANGER, STRANGER, True),
        ("greylist_common_mail_providers", STRANGER, STRANGER, False),
        ("cpanel_mail_netblocks", STRANGER, STRANGER, True),
        ("backupmxhosts", STRANGER_NAME, STRANGER, True),
        ("backupmxhosts", STRANGER, STRANGER, False),
        ("trustedmailhosts", STRANGER_NAME, STRANGER, True),
        ("trustedmailhosts", STRANGER, STRANGER, False),
        ("spammeripblocks", "198.51.100.99", STRANGER, False),
    ],
)
def test_list(box: Sandbox, name: str, line: str, source: str, exempt: bool) -> None:
    """Live without a rebuild; iplsearch lists go by address, lsearch lists by reverse name alone."""
    add(box, name, line)
    assert delays(box, source) == ([] if exempt else [20, 21])


@pytest.mark.parametrize(
    ("key", "value", "name", "exempt"),
    [
        ("acl_dont_delay_greylisting_trusted_hosts", "0", "greylist_trusted_netblocks", False),
        ("acl_dont_delay_greylisting_common_mail_providers", "1", "greylist_common_mail_providers", True),
        ("senderverify", "0", "senderverifybypasshosts", True),
    ],
)
def test_options_that_change_the_exemptions(
    box: Sandbox, key: str, value: str, name: str, exempt: bool
) -> None:
    set_option(box, key, value)
    script(box, "buildeximconf")
    add(box, name, STRANGER)
    assert delays(box, STRANGER) == ([] if exempt else [20, 21])


def test_third_delay_is_for_marked_messages_on_every_port(box: Sandbox) -> None:
    box.settings.changed(spam_marked=True).save(box.root)
    script(box, "buildeximconf")
    found = delays(box, STRANGER), delays(box, STRANGER, 587)
    box.settings.save(box.root)
    assert found == ([20, 21, 40], [40])


# Lists that do more


@pytest.mark.parametrize("trusted_list", ["1", "0", None])
def test_who_may_relay(box: Sandbox, trusted_list: Optional[str]) -> None:
    set_option(box, "acl_trustedmailhosts", trusted_list)
    script(box, "buildeximconf")
    add(box, "senderverifybypasshosts", "18.209.86.113")
    add(box, "skipsmtpcheckhosts", "18.205.72.90")
    add(box, "trustedmailhosts", "52.55.244.91")
    add(box, "trustedmailhosts", STRANGER_NAME)
    sources = ("18.209.86.113", "18.205.72.90", "52.55.244.91", STRANGER, NAMELESS)
    relays = {source for source in sources if "250 Accepted" in preview(box, source)}
    assert relays == {"18.205.72.90"} | ({"52.55.244.91", STRANGER} if trusted_list == "1" else set())
    refusals = [line for line in preview(box, NAMELESS).splitlines() if line.startswith("LOG:")]
    assert any(
        f"rejected RCPT <test@mxtoolboxsmtpdiag.com>: Rejected relay attempt: '{NAMELESS}' "
        "From: 'supertool@mxtoolboxsmtpdiag.com' To: 'test@mxtoolboxsmtpdiag.com'" in line
        for line in refusals
    )


def test_mail_for_own_domains_is_taken(box: Sandbox) -> None:
    assert "250 Accepted" in preview(box, STRANGER, recipient="info@shop.example")


def test_sender_verification(box: Sandbox) -> None:
    sender = "somebody@no-such.example"
    refused = preview(box, STRANGER, sender=sender)
    add(box, "senderverifybypasshosts", STRANGER)
    bypassed = preview(box, STRANGER, sender=sender)
    set_option(box, "senderverify", "0")
    script(box, "buildeximconf")
    off = preview(box, NAMELESS, sender=sender)
    assert f"sender verify fail for <{sender}>" in refused
    assert "rejected RCPT <test@mxtoolboxsmtpdiag.com>: Sender verify failed" in refused
    assert "Sender verify" not in bypassed and "Rejected relay attempt" in bypassed
    assert "Sender verify" not in off and "Rejected relay attempt" in off


def test_blocked_addresses_are_refused(box: Sandbox) -> None:
    add(box, "spammeripblocks", STRANGER)
    assert "\n550 Your host is not allowed" in preview(box, STRANGER)


def test_greylisting(box: Sandbox) -> None:
    enabled = box.root / "var/cpanel/greylist/enabled"
    enabled.touch()
    script(box, "buildeximconf")
    first = preview(box, STRANGER, recipient="info@shop.example")
    foreign = preview(box, STRANGER)
    add(box, "greylist_trusted_netblocks", STRANGER)
    trusted = preview(box, STRANGER, recipient="info@shop.example")
    enabled.unlink()
    script(box, "buildeximconf")
    assert (
        f"temporarily rejected RCPT <info@shop.example>: Deferred due to greylisting. Host: '{STRANGER}'"
        in first
    )
    assert "greylisting" not in [line for line in foreign.splitlines() if line.startswith("LOG")][-1]
    assert "250 Accepted" in trusted
    assert (box.root / "etc/greylist_trusted_netblocks").read_text() == ""


def test_missing_list_file_ends_the_session(box: Sandbox) -> None:
    (box.root / "etc/backupmxhosts").unlink()
    done = box.run([box.root / "usr/sbin/exim", "-oMi", "203.0.113.10.25", "-bh", STRANGER])
    assert done.returncode == 1
    assert "220" not in done.stdout
    assert "backupmxhosts for linear search" in done.stderr


# Real connections


def test_daemon_listens_with_banner_and_logs_as_cpanel(box: Sandbox) -> None:
    box.configure(connect_delay=0, rcpt_delay=0)
    found = box.visit(source=STRANGER)
    box.configure(connect_delay=20, rcpt_delay=21)
    lines = found.transcript.splitlines()
    assert lines[2].startswith("220-cp1.example.net ESMTP Exim 4.")
    assert lines[3].startswith("220-") and lines[4].startswith("220 ")
    log = mainlog(box)
    assert f"SMTP connection from [{STRANGER}]:" in log and "(TCP/IP connection count = 1)" in log
    assert "closed by QUIT" in log


def test_hurried_tester_leaves_its_waiting_time_in_the_log(box: Sandbox) -> None:
    """Exim counts whole seconds from when it noticed the connection, so 2 s of patience read 1 to 3."""
    lost = re.compile(rf"SMTP connection from \S* ?\[{re.escape(STRANGER)}\]:\d+ lost D=[1-3]s")
    before = len(mainlog(box))
    box.visit(source=STRANGER, patience=2)
    deadline = time.monotonic() + 10
    while not lost.search(mainlog(box), before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lost.search(mainlog(box), before), mainlog(box)[before:]


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("trusted", None),
        ("self_signed", "self-signed certificate"),
        ("expired", "certificate has expired"),
        ("other_name", "Hostname mismatch"),
    ],
)
def test_certificates(box: Sandbox, kind: str, complaint: Optional[str]) -> None:
    box.set_certificate(kind)
    done = box.run([sys.executable, "-c", _START_TLS, box.authority.certificate])
    assert (complaint is None) == (done.returncode == 0), done.stderr
    assert complaint is None or complaint in done.stderr.replace("self signed", "self-signed")


_START_TLS = """
import smtplib, socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
with smtplib.SMTP("203.0.113.10", local_hostname="x") as client:
    client._host = "cp1.example.net"
    client.starttls(context=context)
"""


def test_submission_ports_greet_at_once(box: Sandbox) -> None:
    done = box.run([sys.executable, "-c", _GREETINGS], namespace=box.outside, timeout=5)
    assert done.stdout.split() == ["220-cp1.example.net", "220-cp1.example.net"], done.stderr


_GREETINGS = """
import socket, ssl
context = ssl._create_unverified_context()
for port in (465, 587):
    with socket.create_connection(("203.0.113.10", port), source_address=("198.51.100.7", 0)) as channel:
        channel = context.wrap_socket(channel) if port == 465 else channel
        print(channel.recv(100).decode().split()[0])
"""


def test_hosts_that_send_nonsense_are_rate_limited() -> None:
    with Sandbox(connect_delay=0, rcpt_delay=0) as box:
        said = [_nonsense(box) for _ in range(4)]
        trusted = box.visit(source=STRANGER)
        add(box, "trustedmailhosts", "18.209.86.113")
        assert said[0] == "220" and said[-1] == "451"
        assert 'connection in "connect" ACL: "Host is ratelimited (' in mainlog(box)
        assert trusted.headline.startswith("220-")
        assert _nonsense(box) == "220"


def _nonsense(box: Sandbox) -> str:
    """Send unknown commands until Exim has enough. Answers the code of its greeting."""
    return box.run([sys.executable, "-c", _NONSENSE], namespace=box.outside, timeout=10).stdout.strip()


_NONSENSE = """
import socket
source = ("18.209.86.113", 0)
with socket.create_connection(("203.0.113.10", 25), source_address=source) as channel:
    channel.sendall(b"NONSENSE\\r\\n" * 9)
    print(channel.makefile().read(3))
    while channel.recv(1000):
        pass
"""


@pytest.mark.parametrize("limit", [2, 5])
def test_more_all_failed_sessions_than_the_limit_are_refused(limit: int) -> None:
    """Exim's rate stays a hair below the number of sessions, so it is above the limit with one more."""
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=limit) as box:
        headlines = [box.visit(patience=5).headline for _ in range(limit + 2)]
        other = box.visit(source=STRANGER, patience=5)
        assert [line.partition(" ")[0] for line in headlines[:-1]] == ["220-cp1.example.net"] * (limit + 1)
        assert headlines[-1] == "Failed To Connect"
        assert other.headline.startswith("220-")
        assert "Host is ratelimited due to multiple failure only connections (" in mainlog(box)


def test_one_good_session_within_the_hour_lifts_the_limit() -> None:
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=1, open_relay=True) as box:
        box.visit()
        box.configure(open_relay=False)
        assert all(box.visit().headline.startswith("220-") for _ in range(4))


def test_exemption_from_the_delay_is_none_from_the_limit() -> None:
    with Sandbox(connect_delay=20, rcpt_delay=20, slow_fail_limit=1) as box:
        add(box, "senderverifybypasshosts", "18.209.86.113")
        assert [box.visit().headline[:6] for _ in range(3)] == ["220-cp", "220-cp", "Failed"]


def test_preview_without_quit_is_not_counted() -> None:
    with Sandbox(slow_fail_limit=1, connect_delay=0, rcpt_delay=0) as box:
        for _ in range(3):
            preview(box, STRANGER)
        assert box.visit(source=STRANGER).headline.startswith("220-")


# buildeximconf


def test_owners_and_modes(box: Sandbox) -> None:
    def described(name: str) -> tuple[str, str, int]:
        status = (box.root / name).stat()
        return pwd.getpwuid(status.st_uid)[0], grp.getgrgid(status.st_gid)[0], status.st_mode & 0o777

    for name in ("senderverifybypasshosts", "skipsmtpcheckhosts", "trustedmailhosts", "backupmxhosts"):
        assert described(f"etc/{name}") == ("root", "mail", 0o640)
    assert described("etc/greylist_trusted_netblocks")[2] == 0o644
    assert described("etc/exim.conf")[2] == 0o644
    assert described("var/log/exim_mainlog") == (exim_user(), "mail", 0o640)


@pytest.mark.parametrize(
    ("value", "markers"), [("0", 0), ("", 0), ("1", 3), (None, 3)], ids=["0", "empty", "1", "absent"]
)
def test_delay_setting(box: Sandbox, value: Optional[str], markers: int) -> None:
    set_option(box, "acl_delay_unknown_hosts", value)
    assert conf(box).count(MARKER) == 3
    done = script(box, "buildeximconf")
    assert (done.returncode, done.stdout) == (0, INSTALLED)
    assert conf(box).count(MARKER) == markers


def test_order_of_the_connect_block(box: Sandbox) -> None:
    block = conf(box).partition("#BEGIN ACL-CONNECT-BLOCK\n")[2].partition("#END ACL-CONNECT-BLOCK\n")[0]
    names = [line.rpartition(" ")[2] for line in block.splitlines() if line.startswith("# BEGIN INSERT")]
    assert names == ["delay_unknown_hosts", "ratelimit", "slow_fail_block", "spammerlist"]


def test_new_configuration_is_served_after_a_restart_only(box: Sandbox) -> None:
    set_option(box, "acl_delay_unknown_hosts", "0")
    script(box, "buildeximconf")
    before = box.visit(source=STRANGER, patience=1)
    assert script(box, "restartsrv_exim").returncode == 0
    after = box.visit(source=STRANGER, patience=5)
    set_option(box, "acl_delay_unknown_hosts", "1")
    box.rebuild()
    assert before.headline.startswith("Timeout")
    assert after.headline.startswith("220-")


def test_refused_configuration_leaves_the_old_one(box: Sandbox) -> None:
    (box.root / "etc/exim.conf.local").write_text("@CONFIG@\nno_such_option = 1\n")
    old = conf(box)
    done = script(box, "buildeximconf")
    assert done.returncode == 1
    assert done.stdout.startswith("Configuration file has an invalid syntax")
    assert "no_such_option" in done.stdout
    assert conf(box) == old
    assert not list((box.root / "etc").glob("*buildtest*"))


def test_main_options_set_by_hand(box: Sandbox) -> None:
    (box.root / "etc/exim.conf.local").write_text("@CONFIG@\nsmtp_accept_max = 7\n@OTHER@\nsmtp_banner = x\n")
    assert script(box, "buildeximconf").returncode == 0
    assert "\nsmtp_accept_max = 7\n" in conf(box)
    assert "smtp_banner = x" not in conf(box)


def test_dry_run_changes_nothing(box: Sandbox) -> None:
    candidate = box.root / "etc/exim.conf.localopts.candidate"
    candidate.write_text("acl_delay_unknown_hosts=0\n")
    bad = box.root / "etc/exim.conf.local.candidate"
    bad.write_text("@CONFIG@\nno_such_option = 1\n")
    old = conf(box)
    good_run = script(box, "buildeximconf", f"--localopts={candidate}", "--no_chown_spool")
    bad_run = script(box, "buildeximconf", f"--local={bad}")
    candidate.unlink()
    bad.unlink()
    assert (good_run.returncode, good_run.stdout) == (0, "Dry Run ok\n")
    assert bad_run.returncode == 1 and bad_run.stdout.startswith("Dry Run failed\n")
    assert conf(box) == old


def test_hooks(box: Sandbox) -> None:
    scripts, said = box.root / "usr/local/cpanel/scripts", box.root / "hooks"
    for name in ("prebuildeximconf", "postbuildeximconf"):
        (scripts / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{said}\n')
        (scripts / name).chmod(0o755)
    script(box, "buildeximconf")
    (box.root / "sandbox/faults/buildeximconf-fails").touch()
    script(box, "buildeximconf")
    for name in ("prebuildeximconf", "postbuildeximconf"):
        (scripts / name).unlink()
    assert said.read_text().splitlines() == [
        "prebuildeximconf",
        "postbuildeximconf --status ok",
        "prebuildeximconf",
        "postbuildeximconf --status fail",
    ]


def test_faults(box: Sandbox) -> None:
    faults = box.root / "sandbox/faults"
    (faults / "buildeximconf-fails").touch()
    assert script(box, "buildeximconf").returncode == 1
    (faults / "buildeximconf-hangs").touch()
    with pytest.raises(subprocess.TimeoutExpired):
        box.run([box.root / "usr/local/cpanel/scripts/buildeximconf"], timeout=0.5)


# restartsrv_exim


def daemon_pid(box: Sandbox) -> int:
    return int((box.root / "var/spool/exim/exim-daemon.pid").read_text())


def test_restart_replaces_the_daemon(box: Sandbox) -> None:
    old = daemon_pid(box)
    done = script(box, "restartsrv_exim")
    assert done.returncode == 0 and "has failed" not in done.stdout
    assert daemon_pid(box) != old
    assert not network.is_running(old)


def test_failed_restart_says_so(box: Sandbox) -> None:
    fault = box.root / "sandbox/faults/restart-fails"
    fault.touch()
    done = script(box, "restartsrv_exim")
    found = box.visit(source=STRANGER)
    fault.unlink()
    assert script(box, "restartsrv_exim").returncode == 0
    assert done.returncode == 1 and "has failed" in done.stdout
    assert found.headline == "Failed To Connect"


def test_restart_rebuilds_a_broken_configuration(box: Sandbox) -> None:
    (box.root / "etc/exim.conf").write_text("nonsense\n")
    done = script(box, "restartsrv_exim")
    assert done.returncode == 0
    assert INSTALLED in done.stdout


# DNS


def test_unknown_names_do_not_exist_and_nothing_leaves_the_sandbox(box: Sandbox) -> None:
    done = box.run([sys.executable, "-c", _ASK, "nobody.invalid", "mxtoolbox.com"], check=True)
    assert done.stdout.splitlines() == ["NXDOMAIN", "NoAnswer"]


_ASK = """
import dns.resolver, sys
for name in sys.argv[1:]:
    try:
        print(dns.resolver.resolve(name, "A"))
    except dns.exception.DNSException as error:
        print(type(error).__name__)
"""


def test_frozen_dns_does_not_answer(box: Sandbox) -> None:
    box.dns.freeze()
    with pytest.raises(subprocess.TimeoutExpired):
        box.run(["getent", "hosts", "shop.example"], timeout=0.5)
    box.dns.thaw()
    assert "203.0.113.10" in box.run(["getent", "hosts", "shop.example"]).stdout


# Sandboxes beside each other, and what they leave behind


def leftovers(box: Sandbox) -> list[str]:
    name = box.server.rpartition("-")[0]
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    found = [line for line in namespaces.splitlines() if line.startswith(f"{name}-")]
    found += [str(path) for path in Path("/etc/netns").glob(f"{name}-*")]
    found += [str(box.root.parent)] if box.root.parent.exists() else []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(box.root.parent) in (process / "cmdline").read_text():
                found.append(process.name)
        except OSError:
            continue
    return found


def test_side_by_side() -> None:
    def life(delay: int) -> bool:
        with Sandbox(connect_delay=delay, rcpt_delay=0) as box:
            return box.visit(patience=1).headline.startswith("Timeout")

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(life, [0, 20, 0])) == [False, True, False]


def test_nothing_is_left() -> None:
    with Sandbox() as box:
        assert leftovers(box)
        box.start_whm()
        box.start(["sleep", "1000"])
        box.run(["sh", "-c", "sleep 1000 >/dev/null 2>&1 &"])
    assert leftovers(box) == []


def test_nothing_is_left_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), Sandbox() as box:
        raise ZeroDivisionError
    assert leftovers(box) == []


def test_nothing_is_left_of_a_failed_start() -> None:
    box = Sandbox(banner='"')
    with pytest.raises(RuntimeError, match="buildeximconf"), box:
        pass
    assert leftovers(box) == []


def test_next_sandbox_sweeps_up_after_a_killed_one() -> None:
    program = "import sys, time\nfrom tests.sandbox.box import Sandbox\n"
    program += "with Sandbox() as box:\n    print(box.server, box.root, flush=True)\n    time.sleep(1000)\n"
    owner = subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    killed = Sandbox()
    killed.server, root = owner.stdout.readline().split()
    killed.root = Path(root)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert leftovers(killed)
    network.sweep()
    assert leftovers(killed) == []
