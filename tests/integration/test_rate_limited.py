"""A host refused for its rate is told so by Exim's log line alone: the reply says nothing of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.network import SERVER_IPV4

TESTER = "18.209.86.113"
LINE = "Host is ratelimited due to multiple failure only connections ("


@pytest.fixture(scope="module")
def limited() -> Iterator[Sandbox]:
    with Sandbox(connect_delay=0, rcpt_delay=0, slow_fail_limit=1) as box:
        for _ in range(2):
            assert box.visit(source=TESTER, patience=8).headline.startswith("220-")
        yield box


def told(box: Sandbox, *words: str) -> Any:
    """What the command prints as JSON."""
    return json.loads(box.run([sys.executable, "-m", "mxverdict.cli.main", *words, "--json"]).stdout)


def test_the_reply_does_not_say_so(limited: Sandbox) -> None:
    (preview,) = told(limited, "preview", TESTER)["previews"]
    (stage,) = preview["stages"]
    assert stage["reply"]["code"] == 451
    assert not any("ratelimited" in line for line in stage["reply"]["lines"])
    assert any(LINE in line for line in stage["log"])


def test_a_check_calls_it_a_false_positive(limited: Sandbox) -> None:
    (prediction,) = [
        one
        for one in told(limited, "check", SERVER_IPV4, "--tester", "mxtoolbox")["predictions"]
        if TESTER in one["sources"]
    ]
    (finding,) = [one for one in prediction["findings"] if one["row"]["name"] == "SMTP Connect"]
    assert finding["verdict"] == "false_positive"
    assert any(LINE in line for line in finding["evidence"])


def test_the_log_of_a_visit_tells_it_too(limited: Sandbox) -> None:
    assert limited.visit(source=TESTER, patience=8).headline == "Failed To Connect"
    visits = told(limited, "log", "--since", "1h")["visits"]
    assert [visit["refused"] for visit in visits] == ["relay", "relay", "rate_limit"]
    assert visits[-1]["refusal"].strip('"').startswith(LINE)
