"""The exemption of WHM's Common Mail Providers: shown, opened, proved, kept, removed, rolled back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mxverdict import window as window_functions
from mxverdict.collect import exim_preview
from mxverdict.collect.mainlog.what_if import Ranges, count_exempt
from mxverdict.services import mail_log
from mxverdict.window.changes import common_providers
from tests.integration.windows import STRANGER, Windows
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

KEY = "acl_dont_delay_greylisting_common_mail_providers"
ON, OFF = f"{KEY}=1", f"{KEY}=0"
LIST = """\
192.0.2.128/27 # Example Mail
192.0.2.160/28 # Example Mail
203.0.113.64/26 # Post
"2001:db8:5::/48" # Six
"""
PROVIDERS = ("192.0.2.129", "203.0.113.65", "2001:db8:5::1")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    kept = windows.host.localopts.read_bytes()
    windows.host.greylist_common_mail_providers.write_text(LIST)
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        path.unlink()
    windows.host.localopts_shadow.write_text("")
    windows.host.localopts.write_bytes(kept)
    if named(windows) or windows.markers() != 3:
        box.rebuild()


def named(windows: Windows) -> int:
    return windows.host.exim_conf.read_text().count("+greylist_common_mail_providers :")


def command(windows: Windows, *words: str) -> tuple[int, Any]:
    done = windows.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", *words, "--json"])
    return done.returncode, json.loads(done.stdout)


def opened(windows: Windows, *words: str) -> tuple[int, Any]:
    return command(windows, "open", "--common-mail-providers", *words)


def test_shown_opened_kept_and_removed(windows: Windows) -> None:
    before, daemon = windows.snapshot(), windows.daemon()
    status, shown = opened(windows, "--dry-run")
    assert (status, windows.snapshot(), windows.daemon()) == (0, before, daemon)
    plan = shown["dry_run"]
    assert (plan["before"], plan["after"]) == (OFF, ON)
    assert (plan["entries"], plan["providers"], len(plan["exim_conf"])) == (4, 3, 3)
    assert {(one["address"], one["before"], one["after"]) for one in plan["simulated"]} == {
        (address, 40, 0) for address in PROVIDERS
    }

    status, said = opened(windows, "--reason", "Gmail waits")
    assert status == 0, said
    (entry,) = said["windows"]
    assert (entry["kind"], entry["permanent"], entry["deadline"]) == ("common_mail_providers", True, None)
    assert "3 of the 3 providers" in entry["remark"] and "3 of them waited before" in entry["remark"]
    assert windows.daemon() != daemon
    conf = windows.host.exim_conf.read_text().splitlines()
    assert [conf[one["line"] - 1] for one in plan["exim_conf"]] == [one["after"] for one in plan["exim_conf"]]
    assert windows.delays(STRANGER, *PROVIDERS) == {STRANGER: 40, **dict.fromkeys(PROVIDERS, 0)}

    windows.let_time_pass(400 * 86_400)
    assert windows.keeper() == 0
    assert opened(windows)[0] == 2
    assert named(windows) == 3
    (listed,) = command(windows, "list")[1]["permanent"]
    assert (listed["id"], listed["reason"]) == (entry["id"], "Gmail waits")
    assert windows.open("delay_off", [])["state"] == "open"
    assert windows.close(2)["state"] == "closed"
    assert windows.delays(STRANGER, *PROVIDERS[:1]) == {STRANGER: 40, PROVIDERS[0]: 0}

    status, said = command(windows, "close", str(entry["id"]))
    assert (status, said["windows"][0]["state"]) == (0, "closed"), said
    assert windows.snapshot() == before
    assert windows.delays(*PROVIDERS) == dict.fromkeys(PROVIDERS, 40)
    assert [one["kind"] for one in windows.audit() if one["action"] == "close"] == [
        "delay_off",
        "common_mail_providers",
    ]


@pytest.mark.parametrize(
    "fault", ["delay off", "edited", "empty", "missing", "unreadable", "on", "not built", "bare"]
)
def test_refused_where_it_cannot_work(windows: Windows, fault: str) -> None:
    host = windows.host
    listed, options = host.greylist_common_mail_providers, host.localopts
    if fault == "delay off":
        options.write_text(
            options.read_text().replace("acl_delay_unknown_hosts=1", "acl_delay_unknown_hosts=0")
        )
        windows.box.rebuild()
    elif fault == "edited":
        host.localopts_dry_run.write_text("")
    elif fault == "empty":
        listed.write_text("# nobody\n")
    elif fault == "missing":
        listed.unlink()
    elif fault == "unreadable":
        listed.chmod(0o600)
    else:
        options.write_text(options.read_text().replace(OFF, KEY if fault == "bare" else ON))
        if fault == "on":
            windows.box.rebuild()
    before = windows.snapshot()
    try:
        for words in ((), ("--dry-run",)):
            status, said = opened(windows, *words)
            assert (status, bool(said["error"])) == (2, True)
            assert windows.snapshot() == before
        assert windows.actions() == ["refuse"]
    finally:
        host.localopts_dry_run.unlink(missing_ok=True)
        listed.write_text(LIST)
        listed.chmod(0o644)


@pytest.mark.parametrize("fault", ["buildeximconf-fails", "killed"])
def test_what_did_not_come_about_is_put_back(windows: Windows, fault: str) -> None:
    before = windows.snapshot()
    if fault == "killed":
        die = (
            "import os; from mxverdict.window.changes import exim_config; "
            "exim_config.apply_configuration = lambda *_: os._exit(9)"
        )
        with pytest.raises(RuntimeError, match="status 9"):
            windows.exempt_common_providers(before=die)
        assert ON in windows.host.localopts.read_text()
        assert [row.state for row in window_functions.open_windows(windows.host)] == ["opening"]
        assert windows.keeper() == 0
    else:
        windows.fault(fault)
        status, said = opened(windows)
        assert (status, bool(said["error"])) == (3, True)
    assert windows.snapshot() == before
    assert window_functions.permanent_entries(windows.host) == []
    assert windows.delays(PROVIDERS[0]) == {PROVIDERS[0]: 40}
    assert windows.actions()[-1] == "rollback" or fault != "killed"


@pytest.mark.parametrize("line", ["", f"{KEY} = 0"])
def test_the_old_line_comes_back_where_whm_must_not_write(windows: Windows, line: str) -> None:
    """WHM would copy the password into a file that everybody may read."""
    windows.host.localopts_shadow.write_text("smarthost_password=S3CRET\n")
    options = windows.host.localopts
    options.write_text(options.read_text().replace(f"{OFF}\n", f"{line}\n" if line else ""))
    before = windows.snapshot()
    (entry,) = opened(windows)[1]["windows"]
    assert ON in options.read_text() and "S3CRET" not in options.read_text()
    assert command(windows, "close", str(entry["id"]))[1]["windows"][0]["state"] == "closed"
    assert windows.snapshot() == before


def test_what_somebody_else_changed_stays(windows: Windows) -> None:
    number = opened(windows)[1]["windows"][0]["id"]
    options = windows.host.localopts
    options.write_text(options.read_text().replace(ON, f"{KEY}=2"))
    status, said = command(windows, "close", str(number))
    assert (status, said["windows"][0]["state"]) == (0, "closed")
    assert "changed by somebody else" in said["windows"][0]["remark"]
    assert f"{KEY}=2" in options.read_text()


def test_what_the_log_would_have_spared_is_what_exim_exempts(windows: Windows) -> None:
    """Exim is asked under each configuration that the figures are about."""
    host = windows.host
    host.greylist_trusted_netblocks.write_text("198.51.100.0/29 # ours\n")
    addresses = (
        *("192.0.2.127", "192.0.2.128", "192.0.2.159", "192.0.2.176", "203.0.113.64", "203.0.113.128"),
        *("2001:db8:5::9", "2001:db8:6::9", "198.51.100.6", "198.51.100.8", "198.51.100.70"),
    )
    lists = {name: Ranges(networks) for name, networks in mail_log.exempting_lists(host)}
    now = host.exim_conf.read_text()
    stanzas = exim_preview.delay_stanzas(host.exim_conf) or []
    outside = [
        line
        for number, line in enumerate(now.splitlines(), 1)
        if not any(number in stanza for stanza in stanzas)
    ]
    named = common_providers.candidate(host)
    assert named is not None
    configurations = {
        "": now.replace("+greylist_trusted_netblocks : ", ""),
        "common_mail_providers": named.replace("+greylist_trusted_netblocks : ", ""),
        "trusted_hosts": now,
        "no_delay": "\n".join([*outside, ""]),
    }
    exempt: dict[str, set[str]] = {}
    path = windows.box.root / "etc/exim.conf.candidate"
    for name, text in configurations.items():
        path.write_text(text)
        done = windows.box.run([sys.executable, "-c", _ASK, str(path), *addresses], check=True)
        exempt[name] = {address for address, seconds in json.loads(done.stdout).items() if not seconds}
    path.unlink()
    assert exempt.pop("") == set()
    assert len(exempt["no_delay"]) == len(addresses)
    for name, ranges in lists.items():
        assert {address for address in addresses if address in ranges} == exempt[name]
        assert 0 < len(exempt[name]) < len(addresses)
    senders = [(address, 1) for address in addresses]
    assert {one.by: one.addresses for one in count_exempt(senders, lists)} == {
        name: len(found) for name, found in exempt.items()
    }


_ASK = """
import json, sys
from pathlib import Path
from mxverdict.host import Host
from mxverdict.window import verify
found = verify.delays(Host.from_environment(), sys.argv[2:], verify.FULL_SESSION, Path(sys.argv[1]))
print(json.dumps(found))
"""
