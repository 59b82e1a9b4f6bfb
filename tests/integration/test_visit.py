"""The stand-in tester's report in every situation its rules name (docstring of tests/sandbox/visit.py)."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.tester_dialogue import Conversation, converse
from tests.sandbox.tester_dns import ReverseDns
from tests.sandbox.tester_report import Limits, Report

pytestmark = pytest.mark.exim

PATIENCE, WARN, BAD = 1.5, 0.5, 0.8
NAMED = ReverseDns("cp1.example.net", True)
GOOD = (
    "220 cp1.example.net ESMTP",
    "250-cp1.example.net\r\n250-STARTTLS\r\n250 HELP",
    "250 OK",
    "550 No",
    "221 Bye",
)
HANG = "hang"


@contextmanager
def server(*replies: str) -> Iterator[int]:
    """A server that gives these replies one by one, hangs at HANG, then closes. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def serve() -> None:
            channel, _ = listening.accept()
            with channel:
                for number, reply in enumerate(replies):
                    if number:
                        channel.recv(1000)
                    if reply == HANG:
                        ended.wait(10)
                        return
                    channel.sendall(f"{reply}\r\n".encode())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def talk(*replies: str, patience: float = 5.0) -> Conversation:
    with server(*replies) as port:
        return converse("127.0.0.1", "127.0.0.1", port, "tester.example", patience)


def report(*replies: str, dns: ReverseDns = NAMED, patience: float = 5.0) -> Report:
    conversation = talk(*replies, patience=patience)
    return Limits(patience, 5.0, 8.0).report("203.0.113.10", conversation, dns, total=1.0)


def texts(found: Report) -> dict[str, str]:
    return {row.name: row.text for row in found.rows}


def test_all_good() -> None:
    found = report(*GOOD)
    assert found.headline == "220 cp1.example.net ESMTP"
    assert [row.level for row in found.rows] == ["ok"] * 7
    assert list(texts(found)) == [
        "SMTP Reverse DNS Mismatch",
        "SMTP Valid Hostname",
        "SMTP Banner Check",
        "SMTP TLS",
        "SMTP Connection Time",
        "SMTP Open Relay",
        "SMTP Transaction Time",
    ]
    assert found.row("SMTP Reverse DNS Mismatch").text == "OK - 203.0.113.10 resolves to cp1.example.net"
    assert found.row("SMTP Banner Check").text == "OK - Reverse DNS matches SMTP Banner"
    assert found.row("SMTP TLS").text == "OK - Supports TLS."
    assert found.row("SMTP Valid Hostname").text == "OK - Reverse DNS is a valid Hostname"
    assert found.row("SMTP Open Relay").text == "OK - Not an open relay."
    assert found.row("SMTP Transaction Time").text.endswith(" seconds - Good on Transaction Time")
    assert found.row("SMTP Connection Time").text.endswith(" seconds - Good on Connection time")


def test_transcript_has_the_replies_with_their_times_and_no_quit() -> None:
    lines = report(*GOOD).transcript.splitlines()
    assert lines[:2] == ["Connecting to 203.0.113.10", ""]
    assert lines[2].startswith("220 cp1.example.net ESMTP [") and lines[2].endswith(" ms]")
    assert lines[3:6] == ["EHLO tester.example", "250-cp1.example.net", "250-STARTTLS"]
    assert lines[7] == "MAIL FROM:<supertool@mxtoolboxsmtpdiag.com>"
    assert lines[9] == "RCPT TO:<test@mxtoolboxsmtpdiag.com>"
    assert lines[-2:] == ["", "LookupServer 1000ms"]
    assert "QUIT" not in lines


def test_greeting_time_out_prints_the_trio_and_the_false_passes() -> None:
    found = report(HANG, patience=0.2)
    assert found.headline == "Timeout waiting for response after 0.2 seconds. : Completed Connect"
    assert found.row("SMTP Banner Check").text == "Reverse DNS does not match SMTP Banner"
    assert found.row("SMTP TLS").text == "Warning - Does not support TLS."
    assert found.row("SMTP Connection Time").text == "0 seconds - Good on Connection time"
    assert found.row("SMTP Open Relay").text == "OK - Not an open relay."
    assert found.transaction_time == pytest.approx(0.2, abs=0.15)
    assert (
        found.transcript.splitlines()[2] == "SendSMTPCommand: Timeout waiting for response after 0.2 seconds."
    )


def test_patience_counts_for_each_reply_until_it_is_complete() -> None:
    found = report(GOOD[0], "250-cp1.example.net\r\n250-STARTTLS", HANG, patience=0.2)
    assert found.headline.endswith(": Completed Banner")
    assert found.row("SMTP TLS").level == "warning"
    assert found.row("SMTP Banner Check").level == "ok"


def test_rcpt_time_out_keeps_the_true_rows() -> None:
    found = report(*GOOD[:3], HANG, patience=0.2)
    assert found.headline.endswith(": Completed MAIL FROM")
    assert {name: row_text for name, row_text in texts(found).items() if "Time" not in name} == {
        name: row_text for name, row_text in texts(report(*GOOD)).items() if "Time" not in name
    }
    assert found.connection_time < 0.2 <= found.transaction_time


@pytest.mark.parametrize("code", ["421", "554"])
def test_refused_greeting(code: str) -> None:
    found = report(f"{code} cp1.example.net says no")
    assert found.headline == "Failed To Connect"
    assert (found.rows[0].name, found.rows[0].level, found.rows[0].text) == (
        "SMTP Connect", "error", "Failed To Connect",
    )  # fmt: skip
    assert found.row("SMTP Banner Check").level == "ok"
    assert found.row("SMTP TLS").level == "warning"
    assert found.row("SMTP Open Relay").level == "ok"
    assert found.connection_time > 0


def test_closed_without_a_greeting() -> None:
    found = report()
    assert found.headline == "Failed To Connect"
    assert found.row("SMTP Banner Check").level == "warning"
    assert found.row("SMTP Connection Time").text == "0 seconds - Good on Connection time"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    conversation = converse("127.0.0.1", "127.0.0.1", port, "x", 1.0)
    found = Limits(1.0, 5.0, 8.0).report("203.0.113.10", conversation, NAMED, total=1.0)
    assert found.headline == found.rows[0].text == "Failed To Connect"
    assert found.transcript.splitlines()[2] == "Failed To Connect"


@pytest.mark.parametrize(("replies", "steps"), [(GOOD[:1], "Banner"), (GOOD[:3], "MAIL FROM")])
def test_closed_later(replies: tuple[str, ...], steps: str) -> None:
    found = report(*replies)
    assert found.headline == f"Server Disconnected : Completed {steps}"
    assert found.rows[0].name == "SMTP Server Disconnected"
    assert found.row("SMTP Banner Check").level == "ok"


@pytest.mark.parametrize(
    ("replies", "tls"),
    [
        ((GOOD[0], "502-STARTTLS\r\n502 What?", "221 Bye"), "warning"),
        ((*GOOD[:2], "550 Not you", "221 Bye"), "ok"),
    ],
)
def test_refused_command_ends_with_quit(replies: tuple[str, ...], tls: str) -> None:
    found = report(*replies)
    assert found.headline == GOOD[0]
    assert found.row("SMTP TLS").level == tls
    assert found.row("SMTP Open Relay").text == "OK - Not an open relay."
    assert "RCPT" not in found.transcript


def test_open_relay() -> None:
    found = report(*GOOD[:3], "250 Accepted", "221 Bye")
    assert found.rows[0].text == "May be an open relay."
    assert found.rows[0].level == "error"


@pytest.mark.parametrize(
    ("dns", "mismatch", "host_name", "banner"),
    [
        (ReverseDns("CP1.example.net", False), "warning", "ok", "ok"),
        (ReverseDns("mail_1.example.net", True), "ok", "warning", "warning"),
        (ReverseDns("localhost", True), "ok", "warning", "warning"),
        (ReverseDns("10.113.0.203", True), "ok", "warning", "warning"),
    ],
)
def test_reverse_dns(dns: ReverseDns, mismatch: str, host_name: str, banner: str) -> None:
    found = report(*GOOD, dns=dns)
    assert found.row("SMTP Reverse DNS Mismatch").level == mismatch
    assert found.row("SMTP Valid Hostname").level == host_name
    assert found.row("SMTP Banner Check").level == banner


def test_no_ptr_record_stands_for_three_rows() -> None:
    found = report(*GOOD, dns=ReverseDns(None, False))
    assert [row.name for row in found.rows] == [
        "SMTP Reverse DNS Resolution",
        "SMTP TLS",
        "SMTP Connection Time",
        "SMTP Open Relay",
        "SMTP Transaction Time",
    ]
    assert (found.rows[0].level, found.rows[0].text) == (
        "error",
        "Reverse DNS Resolution - No PTR Record found",
    )


@pytest.mark.parametrize(
    ("seconds", "level", "text"),
    [
        (0.0, "ok", "0 seconds - Good on Transaction Time"),
        (4.9994, "ok", "4.999 seconds - Good on Transaction Time"),
        (5.0, "warning", "5.000 seconds - Warning on Transaction Time"),
        (8.0, "error", "8.000 seconds - Not good! on Transaction Time"),
        (15.363, "error", "15.363 seconds - Not good! on Transaction Time"),
    ],
)
def test_times(seconds: float, level: str, text: str) -> None:
    found = Limits(15, 5, 8).report("203.0.113.10", Conversation(seconds=seconds), NAMED, total=1.0)
    row = found.row("SMTP Transaction Time")
    assert (row.level, row.text) == (level, text)


def test_failures_come_first_then_warnings() -> None:
    levels = [row.level for row in report("554 no", dns=ReverseDns("other.example", False)).rows]
    assert levels == sorted(levels, key=["error", "warning", "ok"].index)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=1000) as running:
        yield running


@pytest.mark.parametrize(
    ("connect", "rcpt", "step", "worse"),
    [
        (0, 0, None, {}),
        (1, 0, None, {"SMTP Connection Time": "error", "SMTP Transaction Time": "error"}),
        (0, 1, None, {"SMTP Transaction Time": "error"}),
        (0, 2, "MAIL FROM", {"SMTP Transaction Time": "error"}),
        (1, 2, "MAIL FROM", {"SMTP Connection Time": "error", "SMTP Transaction Time": "error"}),
        (
            2,
            0,
            "Connect",
            {"SMTP Banner Check": "warning", "SMTP TLS": "warning", "SMTP Transaction Time": "error"},
        ),
    ],
)
def test_delays(box: Sandbox, connect: int, rcpt: int, step: Optional[str], worse: dict[str, str]) -> None:
    box.configure(connect_delay=connect, rcpt_delay=rcpt)
    found = box.visit(patience=PATIENCE, warn=WARN, bad=BAD)
    assert {row.name: row.level for row in found.rows if row.level != "ok"} == worse
    if step:
        assert found.headline == f"Timeout waiting for response after 1.5 seconds. : Completed {step}"
    else:
        assert found.headline.startswith("220-cp1.example.net ESMTP Exim ")
        assert found.transaction_time == pytest.approx(connect + rcpt, abs=0.4)


@pytest.fixture
def quick(box: Sandbox) -> Sandbox:
    box.configure(connect_delay=0, rcpt_delay=0)
    return box


def test_dns_of_the_server_is_looked_up(quick: Sandbox) -> None:
    quick.set_records("203.0.113.11", "PTR")
    quick.set_records("2001:db8:10::10", "PTR", "other.example.net")
    quick.reload_dns()
    assert quick.visit(server="203.0.113.11").rows[0].text == "Reverse DNS Resolution - No PTR Record found"
    found = quick.visit(server="2001:db8:10::10", source="2001:db8:99::7")
    assert {row.name for row in found.rows if row.level == "warning"} == {
        "SMTP Reverse DNS Mismatch",
        "SMTP Banner Check",
    }


def test_tls_and_relay_of_a_real_exim(quick: Sandbox) -> None:
    quick.configure(tls=False, open_relay=True)
    found = quick.visit()
    quick.configure(tls=True, open_relay=False)
    assert (found.row("SMTP TLS").level, found.row("SMTP Open Relay").level) == ("warning", "error")


def test_missing_list_file_ends_every_conversation(quick: Sandbox) -> None:
    file = quick.root / "etc/senderverifybypasshosts"
    aside = file.rename(Path(f"{file}.aside"))
    found = quick.visit()
    aside.rename(file)
    assert found.headline == "Failed To Connect"
    assert "421 Unexpected failure" in found.transcript


def test_text_of_the_command(quick: Sandbox) -> None:
    done = quick.run(
        [sys.executable, "-m", "tests.sandbox.visit", "203.0.113.10", "--source", "18.209.86.113"],
        namespace=quick.outside,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("220-cp1.example.net ESMTP Exim ")
    assert "EHLO keeper-us-east-1d.mxtoolbox.com" in lines
    assert lines[-1].startswith("LookupServer ")


@pytest.mark.slow
def test_true_scale() -> None:
    """cPanel's 20 s against MXToolbox's 15 s: the three false alarms, word for word."""
    with Sandbox() as box:
        found = box.visit()
    assert found.headline == "Timeout waiting for response after 15 seconds. : Completed Connect"
    assert [(row.level, row.text) for row in found.rows[1:3]] == [
        ("warning", "Reverse DNS does not match SMTP Banner"),
        ("warning", "Warning - Does not support TLS."),
    ]
    assert found.rows[0].text.endswith(" seconds - Not good! on Transaction Time")
    assert found.transaction_time == pytest.approx(15.2, abs=0.4)
