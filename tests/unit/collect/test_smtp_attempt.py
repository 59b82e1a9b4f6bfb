"""What an attempt of an outbound test never does: talk to private addresses if told not to, last longer."""

from __future__ import annotations

import time

import pytest

from mxverdict.collect.smtp_attempt import Envelope, Limits, attempt
from mxverdict.collect.smtp_client import SmtpClient
from mxverdict.evidence.outbound import Source

HERE = Source("", "cp1.example.net")
ENVELOPE = Envelope("postmaster@cp1.example.net", "info@remote.example")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fe80::1", "169.254.169.254"])
def test_a_private_address_is_left_alone_when_only_public_ones_are_allowed(address: str) -> None:
    limits = Limits(time.monotonic() + 5, 1.0, public_only=True)
    seen = attempt("mx.example", address, HERE, ENVELOPE, limits)
    assert (seen.cause, seen.stages) == ("not_public", ())
    assert address in seen.failure


def test_an_own_address_is_talked_to_all_the_same() -> None:
    limits = Limits(time.monotonic() - 1, 1.0, frozenset(["127.0.0.1"]), public_only=True)
    seen = attempt("mx.example", "127.0.0.1", HERE, ENVELOPE, limits)
    assert (seen.own, seen.cause) == (True, "deadline")


def test_no_command_can_hold_another() -> None:
    conversation = SmtpClient("127.0.0.1", 25, 1.0)
    with pytest.raises(ValueError, match="one line"):
        conversation.command("rcpt", "RCPT TO:<a@b.example>\r\nDATA")
