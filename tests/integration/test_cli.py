"""The command line against a real Exim: the ordinary course, and wrong input and a broken server one by one.

Every failure is one clear line with the right exit status and changes nothing on the server.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.whm.access import tokens

pytestmark = pytest.mark.exim

LISTS = ("senderverifybypasshosts", "skipsmtpcheckhosts", "exim.conf", "exim.conf.localopts")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def mxverdict(box: Sandbox, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    trust = {"SSL_CERT_FILE": str(box.authority.certificate)}
    return box.run([sys.executable, "-m", "mxverdict.cli.main", *words], env={**trust, **environment})


def changeable(box: Sandbox) -> dict[str, bytes]:
    return {name: (box.root / "etc" / name).read_bytes() for name in LISTS}


def failed(done: subprocess.CompletedProcess[str], status: int, words: str) -> None:
    assert done.returncode == status, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def check_json(box: Sandbox, *words: object, **environment: str) -> Any:
    return json.loads(mxverdict(box, "check", "--json", *words, **environment).stdout)


def test_check_says_what_is_true(box: Sandbox) -> None:
    done = mxverdict(box, "check")
    assert done.returncode == 0
    assert "MXToolbox will report 3 problems. None of them is real." in done.stdout
    assert done.stdout.count("False alarm") == 3 + 4
    assert "delay for unknown hosts: on" in done.stdout


def test_check_of_a_domain_looks_at_its_mail_hosts_alone(box: Sandbox) -> None:
    found = check_json(box, "shop.example", "--tester", "mxtoolbox")
    assert {p["server_address"] for p in found["predictions"]} == {"203.0.113.10", "203.0.113.11"}
    assert found["schema"] == 1
    assert found["counts"]["false_positive"] == 6


def test_check_finds_a_real_problem(box: Sandbox) -> None:
    box.set_records("203.0.113.11", "PTR")
    box.reload_dns()
    try:
        done = mxverdict(box, "check", "203.0.113.11", "--tester", "mxtoolbox")
    finally:
        box.set_records("203.0.113.11", "PTR", "cp1.example.net")
        box.reload_dns()
    assert done.returncode == 1
    assert "Reverse DNS Resolution - No PTR Record found" in done.stdout


def test_saved_evidence_is_judged_again_without_a_server(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    first = check_json(box, "--save", file)
    assert file.stat().st_mode & 0o777 == 0o600
    again = subprocess.run(
        [sys.executable, "-m", "mxverdict.cli.main", "judge", file, "--json"],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "plugin"), "MXVERDICT_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    second = json.loads(again.stdout)
    assert second == {key: value for key, value in first.items() if key != "windows"}


def test_judging_for_a_tester_that_was_not_looked_at_is_refused(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    mxverdict(box, "check", "--tester", "swaks", "--save", file)
    failed(mxverdict(box, "judge", file, "--tester", "mxtoolbox"), 2, "nothing was gathered for mxtoolbox")


def test_damaged_evidence_is_refused_in_one_line(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    mxverdict(box, "check", "--tester", "mxtoolbox", "--save", file)
    evidence = json.loads(file.read_text())
    evidence["previews"][0]["address"] = "\x1b[31m\udcff"
    file.write_text(json.dumps(evidence))
    failed(mxverdict(box, "judge", file), 2, "cannot be judged")
    failed(mxverdict(box, "report", "--evidence", file), 2, "cannot be judged")


def test_settings_over_https_with_a_token(box: Sandbox) -> None:
    (token,) = [t.secret for t in tokens(box.root) if t.user == "root" and "*" in t.privileges][:1]
    words = ("--tester", "mxtoolbox", "--whm", "cp1.example.net", "--whm-ca", box.authority.certificate)
    box.start_whm()
    allowed = mxverdict(box, "check", *words, MXVERDICT_WHM_TOKEN=token)
    refused = mxverdict(box, "check", *words, MXVERDICT_WHM_TOKEN="wrong")
    untrusted = mxverdict(box, "check", *words[:4], MXVERDICT_WHM_TOKEN=token, SSL_CERT_FILE="/dev/null")
    assert (allowed.returncode, "WHM" in allowed.stdout) == (0, False), allowed
    assert (refused.returncode, "WHM does not allow batch" in refused.stdout) == (3, True), refused
    assert (untrusted.returncode, "certificate is not trusted" in untrusted.stdout) == (3, True), untrusted
    failed(mxverdict(box, "check", *words), 2, "MXVERDICT_WHM_TOKEN")


def test_preview_names_the_statement_that_delays_and_the_list_that_spares(box: Sandbox) -> None:
    delayed = json.loads(mxverdict(box, "preview", "198.51.100.7", "--json").stdout)["previews"]
    assert [stage["delay"] for stage in delayed[0]["stages"]] == [20, 0, 0, 20]
    assert delayed[0]["stages"][0]["delayed_by"][0].startswith("ACL acl_smtp_connect")
    bypass = box.root / "etc/senderverifybypasshosts"
    bypass.write_text("198.51.100.0/24\n")
    try:
        spared = json.loads(mxverdict(box, "preview", "198.51.100.7", "--json").stdout)["previews"]
    finally:
        bypass.write_text("")
    assert spared[0]["stages"][0]["exempted_by"] == [str(bypass)]
    assert [stage["delay"] for stage in spared[0]["stages"]] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (("check", "--tester", "nobody"), 2, "unknown tester 'nobody'"),
        (("check", "no domain"), 2, "is no domain"),
        (("check", "1.2.3.4.5"), 3, "has no address"),
        (("check", "-x"), 2, ""),
        (("check", "198.51.100.7"), 3, "not an address of this server"),
        (("check", "--save", "/nonexistent/file"), 2, "No such file or directory"),
        (("preview", "1.2.3"), 2, "is no IP address"),
        (("judge", "/nonexistent"), 2, "cannot be read"),
        (("window", "open", "--minutes", "0"), 2, "1 to 240 minutes, not 0"),
        (("window", "open", "--minutes", "9999"), 2, "1 to 240 minutes, not 9999"),
        (("window", "open", "--address", "1.2.3"), 2, "'1.2.3'"),
        (("window", "open", "--address", "10.0.0.0/7"), 2, "too wide"),
        (("window", "open", "--tester", "swaks"), 2, "publishes no addresses"),
        (("window", "close"), 2, "no window is open"),
        (("window", "close", "99"), 2, "no window 99"),
        (("window", "extend", "99"), 2, "no window 99"),
    ],
)
def test_wrong_input(box: Sandbox, words: tuple[str, ...], status: int, line: str) -> None:
    before = changeable(box)
    done = mxverdict(box, *words)
    if line:
        failed(done, status, line)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert changeable(box) == before


@pytest.mark.parametrize("fault", ["whmapi1-garbage", "whmapi1-missing"])
def test_without_the_api_the_verdict_still_comes_and_says_so(box: Sandbox, fault: str) -> None:
    before = changeable(box)
    api = box.root / "usr/local/cpanel/bin/whmapi1"
    kept = api.with_name("kept")
    switch = box.root / "sandbox/faults" / fault
    if fault == "whmapi1-missing":
        api.rename(kept)
    else:
        switch.touch()
    try:
        done = mxverdict(box, "check", "--tester", "mxtoolbox")
    finally:
        if kept.exists():
            kept.rename(api)
        else:
            switch.unlink()
    assert done.returncode == 3
    assert "WHM did not answer batch" in done.stdout
    assert "None of them is real." in done.stdout
    assert changeable(box) == before


def test_without_exim_nothing_can_be_said(box: Sandbox) -> None:
    before = changeable(box)
    exim = box.root / "usr/sbin/exim"
    exim.rename(exim.with_name("gone"))
    try:
        done = mxverdict(box, "check")
    finally:
        exim.with_name("gone").rename(exim)
    failed(done, 3, "usr/sbin/exim is not there")
    assert changeable(box) == before


def test_with_dead_dns_the_names_are_unknown_and_nothing_is_a_problem(box: Sandbox) -> None:
    resolver = Path("/etc/netns") / box.server / "resolv.conf"
    kept = resolver.read_text()
    resolver.write_text("nameserver 203.0.113.11\noptions timeout:1 attempts:1\n")
    try:
        found = check_json(box, "203.0.113.10", "--tester", "mxtoolbox")
    finally:
        resolver.write_text(kept)
    names = [f for f in found["predictions"][0]["findings"] if "Reverse DNS" in f["row"]["name"]]
    assert [finding["verdict"] for finding in names] == ["unknown"]
    assert found["counts"]["problem"] == 0
    assert found["exit_status"] == 3


def stop_exim(box: Sandbox) -> None:
    pid = int((box.root / "var/spool/exim/exim-daemon.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)
    pytest.fail("Exim does not stop")


STRANGER = """
import socket, time
listener = socket.create_server(("203.0.113.10", 25))
print("ready", flush=True)
connection, _ = listener.accept()
{}
time.sleep(60)
"""
FLOOD = "connection.sendall(b'220 ' + b'x' * 10_000_000)"


@pytest.mark.parametrize(
    ("answer", "line"), [("", "no reply within 1 s"), (FLOOD, "a reply of more than 64 KiB")]
)
def test_a_server_that_never_answers_or_never_stops(answer: str, line: str) -> None:
    with Sandbox() as box:
        stop_exim(box)
        stranger = box.start([sys.executable, "-c", STRANGER.format(answer)])
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == b"ready\n"
        try:
            done = mxverdict(box, "check", "203.0.113.10", "--tester", "mxtoolbox", "--timeout", "1")
        finally:
            stranger.kill()
            stranger.communicate()
    assert done.returncode == 1
    assert line in done.stdout
    assert "This server has 1 real problem that the report does not name." in done.stdout


def test_when_exim_does_not_run_the_tester_cannot_connect() -> None:
    with Sandbox() as box:
        stop_exim(box)
        found = check_json(box, "203.0.113.10", "--tester", "mxtoolbox")
        real = box.visit(server="203.0.113.10", patience=2.0)
    (prediction,) = found["predictions"]
    assert prediction["headline"] == real.headline == "Failed To Connect"
    assert [f["row"]["name"] for f in prediction["findings"]] == [row.name for row in real.rows]
    assert found["exit_status"] == 1


def test_help_and_version_need_no_server() -> None:
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "plugin")}
    for words in (("--help",), ("check", "--help"), ("window", "open", "--help"), ("--version",)):
        done = subprocess.run(
            [sys.executable, "-m", "mxverdict.cli.main", *words],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0
        assert done.stdout.startswith(("usage: mxverdict", "mxverdict "))


def test_only_root(box: Sandbox) -> None:
    as_nobody = (
        "import os, sys; from mxverdict.cli.main import main\n"
        "os.geteuid = lambda: 1; sys.exit(main(['check']))"
    )
    failed(box.run([sys.executable, "-c", as_nobody]), 2, "only root")


def test_a_window_until_tested_closes_after_the_visit() -> None:
    with Sandbox() as box:
        opened = mxverdict(box, "window", "open", "--until-tested", "--json")
        assert json.loads(opened.stdout)["windows"][0]["until_tested"] is True
        assert "s, or when the tester has been here" in mxverdict(box, "window", "list").stdout
        assert "Failed" not in box.visit().headline
        give_up = time.monotonic() + 30
        while "is closed" not in (said := mxverdict(box, "window", "list").stdout):
            assert time.monotonic() < give_up, said
        assert "the tester came from 18.209.86.113 at" in said
        assert (box.root / "etc/senderverifybypasshosts").read_text() == ""


def test_an_unusable_journal_is_said_and_does_not_stop_the_verdict() -> None:
    with Sandbox() as box:
        journal = box.root / "var/lib/mxverdict/journal.sqlite"
        journal.parent.mkdir(parents=True, mode=0o700)
        journal.write_bytes(b"this is no database" * 100)
        done = mxverdict(box, "check", "--tester", "mxtoolbox")
        refused = mxverdict(box, "window", "open")
        kept = journal.read_bytes()
    assert done.returncode == 3
    assert "None of them is real." in done.stdout
    assert "journal" in done.stderr
    failed(refused, 3, "journal")
    assert kept == b"this is no database" * 100
