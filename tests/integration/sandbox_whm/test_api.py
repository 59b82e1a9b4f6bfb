"""WHM API 1 on the command line: the envelope, the machine, its services and accounts, faults."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.sandbox_whm.helpers import (
    command,
    eventually,
    fault,
    get_delay,
    metadata,
    script,
    set_mail,
    whmapi1,
)
from tests.sandbox.whm import defaults


def test_the_envelope_on_the_command_line(root: Path) -> None:
    assert whmapi1(root, "version") == {
        "data": {"version": defaults.VERSION},
        "metadata": metadata("version"),
    }
    assert whmapi1(root, "gethostname")["data"] == {"hostname": "cp1.example.net"}


def test_json_has_to_be_asked_for(root: Path) -> None:
    """The default output is YAML."""
    with pytest.raises(ValueError):
        json.loads(command(root, "bin/whmapi1", "version").stdout)


def test_an_unknown_function_is_refused_with_exit_status_0(root: Path) -> None:
    done = command(root, "bin/whmapi1", "--output=json", "no_such_function")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["metadata"]["result"] == 0
    assert "no_such_function" in answer["metadata"]["reason"]
    fault(root, "whmapi1-exit-status", "3")
    assert command(root, "bin/whmapi1", "--output=json", "no_such_function").returncode == 3


def test_values_are_uri_decoded(root: Path) -> None:
    batch = whmapi1(
        root, "batch", "command=get_tweaksetting%3Fmodule%3DBasic%26key%3DCONTACTEMAIL", "command=nope"
    )
    first, second = batch["data"]["result"]
    assert first["data"]["tweaksetting"] == {"key": "CONTACTEMAIL", "value": "admin@example.net"}
    assert second["metadata"]["result"] == 0
    assert batch["metadata"] == metadata("batch", 0, "Refused: nope"), "one refusal is the whole's"


def test_a_batch_can_stop_at_the_first_error(root: Path) -> None:
    commands = ("command=version", "command=nope", "command=version")
    assert len(whmapi1(root, "batch", *commands)["data"]["result"]) == 3
    assert len(whmapi1(root, "batch", *commands, "abort_on_error=1")["data"]["result"]) == 2


def test_addresses(root: Path) -> None:
    (root / "var/cpanel/cpnat").write_text("203.0.113.11 198.51.100.11\n")
    main, second = whmapi1(root, "listips")["data"]["ip"]
    assert (main["ip"], main["public_ip"], main["mainaddr"]) == ("203.0.113.10", "203.0.113.10", 1)
    assert (second["ip"], second["public_ip"], second["mainaddr"]) == ("203.0.113.11", "198.51.100.11", 0)
    assert whmapi1(root, "get_public_ip", "ip=203.0.113.11")["data"] == {"public_ip": "198.51.100.11"}


def test_accounts_and_token_list(root: Path) -> None:
    assert [row["owner"] for row in whmapi1(root, "listaccts")["data"]["acct"]] == ["bob", "alice"]
    domain = whmapi1(root, "domainuserdata", "domain=shop.example")["data"]["userdata"]
    assert (domain["user"], domain["owner"]) == ("shop", "alice")
    assert whmapi1(root, "domainuserdata", "domain=foreign.example")["metadata"]["result"] == 0
    assert set(whmapi1(root, "api_token_list")["data"]["tokens"]) == {"full", "reading"}
    assert "set_tweaksetting" in whmapi1(root, "applist")["data"]["app"]
    assert whmapi1(root, "myprivs")["data"]["privileges"][0]["all"] == 1


def test_reverse_dns_of_an_account(root: Path) -> None:
    account = root / "var/cpanel/users/shop"
    account.write_text(account.read_text().replace("203.0.113.10", "127.0.0.1"))
    [verdict] = whmapi1(root, "validate_current_ptrs", "domain=shop.example")["data"]["payload"]
    assert (verdict["arpa_domain"], verdict["helo"]) == ("1.0.0.127.in-addr.arpa", "cp1.example.net")
    assert verdict["ptr_records"][0]["domain"] == "localhost"
    assert whmapi1(root, "validate_current_ptrs", "domain=foreign.example")["metadata"]["result"] == 0


def test_a_failed_restart_is_answered_with_result_1(root: Path) -> None:
    restart = script(root / "usr/local/cpanel/scripts/restartsrv_exim", "#!/bin/sh\necho no luck; exit 1\n")
    answer = whmapi1(root, "restartservice", "service=exim")
    assert (answer["metadata"]["result"], answer["data"]) == (1, {"service": "exim"})
    assert "no luck" in answer["metadata"]["output"]["raw"]
    assert "has failed" in answer["metadata"]["output"]["raw"]
    script(restart, "#!/bin/sh\necho restarted\n")
    assert "has failed" not in whmapi1(root, "restartservice", "service=exim")["metadata"]["output"]["raw"]


def test_a_queued_restart_answers_at_once(root: Path) -> None:
    script(root / "usr/local/cpanel/scripts/restartsrv_exim", f"#!/bin/sh\nsleep 1; touch {root}/restarted\n")
    answer = whmapi1(root, "restartservice", "service=exim", "queue_task=1")
    assert "output" not in answer["metadata"]
    assert not (root / "restarted").exists()
    eventually((root / "restarted").exists)


def test_running_is_told_of_monitored_services_alone(root: Path) -> None:
    [exim] = whmapi1(root, "servicestatus", "service=exim")["data"]["service"]
    assert (exim["name"], exim["running"]) == ("exim", 0)
    (root / "var/spool/exim").mkdir(parents=True)
    (root / "var/spool/exim/exim-daemon.pid").write_text(f"{os.getpid()}\n")
    assert whmapi1(root, "servicestatus", "service=exim")["data"]["service"][0]["running"] == 1
    assert "running" not in whmapi1(root, "servicestatus", "service=cpgreylistd")["data"]["service"][0]
    reason = whmapi1(root, "servicestatus", "service=nope")["metadata"]["reason"]
    assert reason == "Specified service does not exist."


def test_whmapi1_that_hangs_dawdles_or_talks_nonsense(root: Path) -> None:
    fault(root, "whmapi1-garbage")
    with pytest.raises(ValueError):
        whmapi1(root, "version")
    (root / "sandbox/faults/whmapi1-garbage").unlink()
    fault(root, "whmapi1-slow", "0.5")
    began = time.monotonic()
    whmapi1(root, "version")
    assert time.monotonic() - began >= 0.5
    fault(root, "whmapi1-hangs")
    with pytest.raises(subprocess.TimeoutExpired):
        command(root, "bin/whmapi1", "--output=json", "version", timeout=0.7)


def test_whmapi1_that_says_ok_and_does_nothing_or_refuses(root: Path) -> None:
    fault(root, "whmapi1-ok-without-doing")
    assert set_mail(root, "acl_delay_unknown_hosts", "0")["metadata"]["result"] == 1
    assert get_delay(root)["value"] == "1"
    fault(root, "whmapi1-refuses", "version out of order\n")
    assert whmapi1(root, "version") == {"metadata": metadata("version", 0, "out of order")}
