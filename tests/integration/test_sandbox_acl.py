"""The stand-in server's ACLs refuse, accept and count as cPanel's do (docs/facts/whm.md 1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import pytest

from mxverdict.testers import load
from tests.integration.test_sandbox_exim import (
    STRANGER,
    STRANGER_NAME,
    add,
    conf,
    delays,
    preview,
    script,
    set_option,
)
from tests.sandbox.box import Sandbox
from tests.sandbox.cdb import encoded
from tests.sandbox.network import SERVER_IPV4

SERVER_NAME = "cp1.example.net"
OWN = "info@shop.example"
FORGED = "HELO/EHLO is a name of this server"


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(connect_delay=20, rcpt_delay=21, spam_delay=40, catch_all=False) as box:
        yield box


@pytest.fixture
def box(shared: Sandbox) -> Iterator[Sandbox]:
    """The module's sandbox; `etc` and the settings are put back afterwards."""
    kept = {file: file.read_bytes() for file in (shared.root / "etc").iterdir()}
    yield shared
    shared.settings.save(shared.root)
    for file, content in kept.items():
        if file.read_bytes() != content:
            file.write_bytes(content)


def change(box: Sandbox, **settings: object) -> None:
    """Change settings and rebuild, without a restart: `-bh` reads the file."""
    box.settings.changed(**settings).save(box.root)
    assert script(box, "buildeximconf").returncode == 0


def last_log(text: str) -> str:
    """The last thing that Exim would have logged before the connection ended."""
    lines = [line for line in text.splitlines() if line.startswith("LOG:")]
    ends = ("unexpected disconnection", "closed by DROP")
    return next((line for line in reversed(lines) if not any(end in line for end in ends)), "")


def rates(root: Path) -> bytes:
    """Exim's ratelimit database; empty when there is none yet."""
    found = [file for file in (root / "var/spool/exim/db").glob("ratelimit*") if "lock" not in file.name]
    return b"".join(file.read_bytes() for file in found)


@pytest.mark.parametrize("stage", ["mail", "helo"])
@pytest.mark.parametrize(
    ("helo", "refusal"),
    [
        ("tester.example", None),
        ("[198.51.100.7]", None),
        ("[IPv6:2001:db8:99::7]", None),
        (SERVER_NAME, FORGED),
        (SERVER_NAME.upper(), FORGED),
        (SERVER_IPV4, FORGED),
        (f"[{SERVER_IPV4}]", FORGED),
        ("localhost", "HELO/EHLO has no dot"),
        ("tester.example.", "HELO/EHLO ends with a dot"),
        ("tester..example", "HELO/EHLO has two dots in a row"),
    ],
)
def test_greeting_names(box: Sandbox, stage: str, helo: str, refusal: Optional[str]) -> None:
    change(box, helo_checked_at=stage)
    said = preview(box, STRANGER, helo=helo)
    if refusal is None:
        assert "Rejected relay attempt" in last_log(said)
    else:
        rejected = {"mail": "rejected MAIL", "helo": "rejected EHLO"}[stage]
        assert rejected in said and refusal in said
        assert 'using ACL "acl_smtp_rcpt"' not in said


@pytest.mark.parametrize("trusted", ["127.0.0.1", SERVER_IPV4, "listed"])
def test_whom_the_names_are_not_asked_of(box: Sandbox, trusted: str) -> None:
    if trusted == "listed":
        add(box, "skipsmtpcheckhosts", STRANGER)
        trusted = STRANGER
    assert "250 Accepted" in preview(box, trusted, recipient=OWN, helo=SERVER_NAME)


@pytest.mark.parametrize(
    ("key", "helo", "refused"),
    [
        ("acl_requirehelonoforge", SERVER_NAME, False),
        ("acl_requirehelosyntax", "localhost", False),
        ("acl_requirehelosyntax", SERVER_NAME, True),
        ("acl_requirehelo", SERVER_NAME, False),
        ("acl_requirehelo", "localhost", False),
    ],
)
def test_each_rule_on_names_has_its_switch(box: Sandbox, key: str, helo: str, refused: bool) -> None:
    """The first one switches the two others off too."""
    set_option(box, key, "0")
    script(box, "buildeximconf")
    assert ("rejected MAIL" in preview(box, STRANGER, helo=helo)) == refused


def test_sessions_without_a_greeting_are_refused(box: Sandbox) -> None:
    """By the ACL, or by Exim itself since 4.95."""
    done = box.run(
        [box.root / "usr/sbin/exim", "-oMi", f"{SERVER_IPV4}.25", "-bh", STRANGER],
        stdin="MAIL FROM:<a@example.org>\r\n",
    )
    assert "250 OK" not in done.stdout
    assert "550 Say HELO first." in done.stdout or "503 HELO or EHLO required" in done.stdout


def test_recipients_are_verified_before_relaying_is_refused(box: Sandbox) -> None:
    assert "Unrouteable address" in last_log(preview(box, STRANGER, recipient="a@no-such.example"))
    assert "Rejected relay attempt" in last_log(preview(box, STRANGER))
    assert "No Such User Here" in last_log(preview(box, STRANGER, recipient="a%b@shop.example"))


def test_relaying_is_refused_in_the_words_of_a_file(box: Sandbox) -> None:
    (box.root / "etc/eximrejects").write_text("host_accept_relay: $sender_host_address,\\nnot through here\n")
    assert f"550-{STRANGER},\n550 not through here" in preview(box, STRANGER).replace("\r", "")


def test_remote_mail_hosts_of_a_domain_are_accepted(box: Sandbox) -> None:
    """As far as the database has them: one domain's addresses, colons between them."""
    cached = encoded({"mxtoolboxsmtpdiag.com": f"192.0.2.77:{STRANGER}", "other.example": "198.51.100.8"})
    (box.root / "etc/domain_remote_mx_ips.cdb").write_bytes(cached)
    assert "250 Accepted" in preview(box, STRANGER)
    assert "Rejected relay attempt" in last_log(preview(box, "198.51.100.8"))


def test_dictionary_attack(box: Sandbox) -> None:
    commands = ["EHLO tester.example", "MAIL FROM:<a@example.org>"]
    commands += [f"RCPT TO:<a%{n}@shop.example>" for n in range(5)] + [f"RCPT TO:<{OWN}>"]
    run = [box.root / "usr/sbin/exim", "-oMi", f"{SERVER_IPV4}.25", "-bh", STRANGER]
    said = box.run(run, stdin="".join(f"{command}\r\n" for command in commands))
    assert "Dictionary attack: 5 recipients failed" in last_log(said.stderr)
    set_option(box, "acl_dictionary_attack", "0")
    script(box, "buildeximconf")
    assert "250 Accepted" in box.run(run, stdin="".join(f"{command}\r\n" for command in commands)).stdout


@pytest.mark.parametrize(
    ("file", "line", "blocked"),
    [
        ("senderverifybypasshosts", STRANGER, True),
        ("skipsmtpcheckhosts", STRANGER, False),
        ("trustedmailhosts", STRANGER_NAME, False),
    ],
)
def test_who_is_exempt_from_the_list_of_blocked_addresses(
    box: Sandbox, file: str, line: str, blocked: bool
) -> None:
    add(box, "spammeripblocks", STRANGER)
    add(box, file, line)
    assert ("Host is in the list of blocked addresses" in preview(box, STRANGER)) == blocked


@pytest.mark.parametrize(
    ("shape", "tested"), [("list", "check !hosts = : +loopback"), ("each", "check hosts = ! : ! +loopback")]
)
def test_shapes_of_the_delay_exempt_alike(box: Sandbox, shape: str, tested: str) -> None:
    change(box, negation=shape)
    said = preview(box, STRANGER)
    assert said.count(tested) == 2
    assert delays(box, STRANGER) == [20, 21]
    add(box, "senderverifybypasshosts", STRANGER)
    assert delays(box, STRANGER) == []


@pytest.mark.parametrize("value", ["0", None, "1"])
def test_tracking_senders_makes_simulated_sessions_count(box: Sandbox, value: Optional[str]) -> None:
    set_option(box, "acl_0tracksenders", value)
    script(box, "buildeximconf")
    before = rates(box.root)
    preview(box, STRANGER)
    assert ("# BEGIN INSERT 0tracksenders" in conf(box)) == (value == "1")
    assert (rates(box.root) != before) == (value == "1")


def test_limits_hold_for_port_25_alone() -> None:
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=1) as box:
        for _ in range(2):
            box.visit(source=STRANGER)
        limited = preview(box, STRANGER)
        assert "Host is ratelimited due to multiple failure only connections" in last_log(limited)
        assert "ratelimited" not in limited.partition(">>>")[0]
        assert "Rejected relay attempt" in last_log(preview(box, STRANGER, port=587))


@pytest.mark.parametrize("stage", ["mail", "helo"])
def test_only_testers_without_a_dot_in_their_name_are_dropped_for_it(box: Sandbox, stage: str) -> None:
    change(box, helo_checked_at=stage)
    names = {name for tester in load().testers for name in (tester.ehlo, *(a.name for a in tester.addresses))}
    said = {name: preview(box, STRANGER, helo=name) for name in names}
    dropped = {name for name, text in said.items() if "HELO/EHLO" in text}
    assert dropped == {name for name in names if name and "." not in name}
