"""get_tweaksetting and set_tweaksetting with their traps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.sandbox_whm.helpers import (
    command,
    fault,
    get_delay,
    localopts,
    metadata,
    set_mail,
    whmapi1,
)


@pytest.mark.parametrize("content", ["", "acl_delay_unknown_hosts=\n"])
def test_an_absent_and_an_empty_key_look_alike(root: Path, content: str) -> None:
    (root / "etc/exim.conf.localopts").write_text(content)
    assert get_delay(root) == {"key": "acl_delay_unknown_hosts"}


def test_the_value_is_a_string_and_may_be_a_number(root: Path) -> None:
    assert get_delay(root) == {"key": "acl_delay_unknown_hosts", "value": "1"}
    fault(root, "tweaksetting-number")
    assert get_delay(root) == {"key": "acl_delay_unknown_hosts", "value": 1}


def test_a_save_sorts_adds_rbls_loosens_the_mode_and_rebuilds_nothing(root: Path) -> None:
    (root / "etc/exim.conf").write_text("as before\n")
    (root / "etc/exim.conf.localopts").chmod(0o600)
    assert set_mail(root, "acl_delay_unknown_hosts", "0") == {"metadata": metadata("set_tweaksetting")}
    lines = localopts(root)
    assert lines == sorted(lines)
    assert "acl_delay_unknown_hosts=0" in lines
    assert "acl_spamhaus_rbl=0" in lines
    assert (root / "etc/exim.conf.localopts").stat().st_mode & 0o777 == 0o644
    assert (root / "etc/exim.conf").read_text() == "as before\n"


def test_a_save_copies_the_shadow_password_into_the_readable_file(root: Path) -> None:
    (root / "etc/exim.conf.localopts.shadow").write_text("smarthost_password=geheim\n")
    set_mail(root, "acl_delay_unknown_hosts", "0")
    assert "smarthost_password=geheim" in localopts(root)


def test_a_save_runs_the_actions_of_every_key(root: Path) -> None:
    with (root / "etc/exim.conf.localopts").open("a") as file:
        file.write("globalspamassassin=0\nspamassassin_plugin_KAM=1\n")
    outside_change = root / "etc/global_spamassassin_enable"
    outside_change.touch()
    set_mail(root, "acl_delay_unknown_hosts", "1")
    assert not outside_change.exists()
    assert "spamd" in (root / "sandbox/actions.log").read_text()


def test_without_value_nothing_changes_and_the_answer_is_ok(root: Path) -> None:
    before = localopts(root)
    assert set_mail(root, "acl_delay_unknown_hosts") == {"metadata": metadata("set_tweaksetting")}
    assert localopts(root) == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["module=Mail", "key=acl_delay_unknown_hosts", "value=2"], "Value must be either 0 or 1"),
        (["module=Mail", "key=acl_delay_unknown_hosts", "value="], "Value must be either 0 or 1"),
        (["module=mail", "key=acl_delay_unknown_hosts", "value=0"], "Invalid tweaksetting module"),
        (["module=Mail", "key=no_such_key", "value=0"], "Invalid tweaksetting key"),
        (["module=Mail", "key=acl delay", "value=0"], "Invalid tweaksetting key"),
        (["key=acl_delay_unknown_hosts", "value=0"], "Invalid tweaksetting key"),
    ],
)
def test_what_a_save_refuses(root: Path, arguments: list[str], reason: str) -> None:
    before = localopts(root)
    assert whmapi1(root, "set_tweaksetting", *arguments) == {
        "metadata": metadata("set_tweaksetting", 0, reason)
    }
    assert localopts(root) == before


def test_a_dependent_key_cannot_be_switched_on_alone(root: Path) -> None:
    dependent = "acl_dont_delay_greylisting_trusted_hosts"
    assert set_mail(root, dependent, "1")["metadata"]["result"] == 1
    assert set_mail(root, "acl_delay_unknown_hosts", "0")["metadata"]["result"] == 1
    assert f"{dependent}=1" in localopts(root)
    assert (
        set_mail(root, dependent, "1")["metadata"]["reason"]
        == f"{dependent} requires acl_delay_unknown_hosts"
    )
    assert set_mail(root, dependent, "0")["metadata"]["result"] == 1


def test_a_save_that_fails(root: Path) -> None:
    fault(root, "set_tweaksetting-fails")
    reason = set_mail(root, "acl_delay_unknown_hosts", "0")["metadata"]["reason"]
    assert reason == "Error encountered applying new setting.  Changes were not saved."
    assert get_delay(root)["value"] == "1"


def test_noise_goes_to_standard_error_alone(root: Path) -> None:
    arguments = ("set_tweaksetting", "module=Mail", "key=acl_delay_unknown_hosts", "value=0")
    done = command(root, "bin/whmapi1", "--output=json", *arguments)
    assert "uninitialized" in done.stderr
    assert json.loads(done.stdout)["metadata"]["result"] == 1
