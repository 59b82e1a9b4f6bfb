"""`tests/run --table NAME FILE`: what it counts as right and wrong, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.table.__main__ import NAMES, load, main

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = REPOSITORY / "tests/tables"
LISTED = "blacklist:203.0.113.10\nLISTED\tUCEPROTECTL3\t203.0.113.10 was listed\n"


def ours(name: str) -> Path:
    return TABLES / ("reports" if name == "reports" else f"{name}.tsv")


def written(folder: Path, text: str, name: str = "cases.tsv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize("name", NAMES)
def test_our_own_tables_are_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, str(ours(name))]) == 0
    right, wrong = capsys.readouterr().out.split(", ")
    assert (int(right.removesuffix(" right")) > 20, wrong) == (True, "0 wrong\n")
    assert len({str(case) for case in load(name, ours(name))}) == len(load(name, ours(name)))


@pytest.mark.parametrize(
    ("name", "header", "right", "wrong", "expected", "given"),
    [
        ("dmarc", "record\tpolicy", "v=DMARC1; p=none\tnone\nv=DMARC1; p=reject; t=y\tnone|quarantine",
         "v=DMARC1; p=none\treject|absent", "policy='reject|absent'", "policy='none'"),
        ("spf", "record\taddress\tresult", "v=spf1 -all\t192.0.2.1\tfail", "v=spf1 ~all\t192.0.2.1\tfail",
         "result='fail'", "result='softfail'"),
        ("replies", "stage\treply\tclass", "rcpt\t550-5.1.1 no\\n550 5.1.1 such user\trecipient_unknown|helo",
         "connect\t421 4.3.2 later\tcontent", "class='content'", "class='receiver_trouble'"),
        ("log_lines", "line\twhat it is",
         "SMTP connection from [192.0.2.7]:4 lost D=12s\tleft in the delay after 12 s",
         "TLS error on connection from [192.0.2.7]:4 x\tnormal end",
         "what it is='normal end'", "what it is='TLS failed'"),
        ("dns_rows", "zone\trow\tverdict", "one-own.test\tDNS At Least Two Servers\tadvisory\n"
         "one-own.test\tDNS Servers are on Different Subnets\t*",
         "lame.test\tDNS All Servers Authoritative\tadvisory", "verdict='advisory'", "verdict='problem'"),
    ],
)  # fmt: skip
def test_right_and_wrong_rows_are_told(
    name: str, header: str, right: str, wrong: str, expected: str, given: str,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rights = right.count("\n") + 1
    file = written(tmp_path, f"{header}\n{right}\n{wrong}\n")
    assert main([name, file]) == 1
    first, second, third, count = capsys.readouterr().out.splitlines()
    assert first.startswith(f"cases.tsv:{rights + 2}: ")
    assert (second, third) == (f"    expected {expected}", f"    given    {given}")
    assert count == f"{rights} right, 1 wrong"
    assert main([name, written(tmp_path, f"{header}\n{right}\n")]) == 0


def test_what_nobody_expects_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "zone\trow\tverdict\none.test\tDNS At Least Two Servers\tproblem\n")
    assert main(["dns_rows", file]) == 1
    assert "expected nothing" in capsys.readouterr().out


def test_zones_of_another_make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that are described beside the table are judged, whether it names them or not."""
    described = {"names": {"ns1": ["a"], "ns2": ["b"]}, "soa": {"expire": 60}}
    zones = [{"zone": name, **described} for name in ("x.test", "y.test")]
    written(tmp_path, json.dumps(zones), "dns_zones.json")
    file = written(tmp_path, "zone\trow\tlevel\nx.test\tDNS SOA Expire Value\twarning\n")
    assert main(["dns_rows", file]) == 1
    told = capsys.readouterr().out
    assert "y.test: DNS SOA Expire Value" in told
    assert told.endswith("1 right, 1 wrong\n")


@pytest.mark.parametrize(
    ("complaints", "status"),
    [("SPF for this server=problem", 0), ("*", 0), ("", 1), ("SPF Syntax=problem", 1)],
)
def test_the_complaints_about_a_record(complaints: str, status: int, tmp_path: Path) -> None:
    row = f"v=spf1 ip4:198.51.100.1 -all\t203.0.113.10\tfail\t{complaints}\n"
    assert main(["spf", written(tmp_path, f"record\taddress\tresult\trows\n{row}")]) == status


@pytest.mark.parametrize(
    ("expected", "status"),
    [
        ("file\trow\tlevel\na.txt\tUCEPROTECTL3\terror\nb.txt\t\tnothing\n", 0),
        ("file\trow\tlevel\thost\na.txt\tUCEPROTECTL3\terror\t203.0.113.10\nb.txt\t\tnothing\t\n", 0),
        ("file\trow\tlevel\na.txt\tUCEPROTECTL3\tok\nb.txt\t\tnothing\n", 1),
        ("file\trow\tlevel\na.txt\t\tnothing\nb.txt\t\tnothing\n", 1),
        ("file\trow\tlevel\na.txt\tUCEPROTECTL3\terror\nb.txt\tSMTP TLS\twarning\n", 1),
        ("file\trow\tlevel\na.txt\tUCEPROTECTL3\terror\n", 2),
        ("file\trow\tlevel\na.txt\tUCEPROTECTL3\terror\nb.txt\t\tnothing\nc.txt\t\tnothing\n", 2),
        ("file\trow\tlevel\na.txt\tUCEPROTECTL3\tred\nb.txt\t\tnothing\n", 2),
    ],
)
def test_reports(expected: str, status: int, tmp_path: Path) -> None:
    written(tmp_path, LISTED, "a.txt")
    written(tmp_path, "Dear support, nothing works.\n", "b.txt")
    written(tmp_path, expected, "expected.tsv")
    assert main(["reports", str(tmp_path)]) == status


def test_each_row_of_a_report_is_compared_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same comes first, then the same name, then whatever is left; what is left over is wrong."""
    tls, relay = "SMTP TLS\tWarning - Does not support TLS.\n", "SMTP Open Relay\tOK - Not an open relay.\n"
    written(tmp_path, tls + relay, "a.txt")
    for rows, count in (
        ("*\t*\nSMTP TLS\twarning\n", "2 right, 0 wrong"),
        ("SMTP Open Relay\terror\nSMTP TLS\twarning\n", "1 right, 1 wrong"),
        ("SMTP Connect\terror\nSMTP TLS\twarning\n", "1 right, 1 wrong"),
        ("SMTP TLS\twarning\nSMTP TLS\twarning\n", "1 right, 1 wrong"),
        ("SMTP TLS\twarning\n", "1 right, 1 wrong"),
        ("SMTP TLS\twarning\nSMTP Open Relay\tok\nSMTP Connect\terror\n", "2 right, 1 wrong"),
    ):
        written(tmp_path, f"row\tlevel\n{rows}", "a.expected.tsv")
        main(["reports", str(tmp_path)])
        assert capsys.readouterr().out.splitlines()[-1] == count


def test_reports_with_a_table_each_and_verdicts(tmp_path: Path) -> None:
    """The server that answers waits 20 s before it greets."""
    written(tmp_path, "SMTP TLS\tWarning - Does not support TLS.\n", "a.txt")
    for verdict, status in (("false_positive", 0), ("problem", 1)):
        written(tmp_path, f"row\tlevel\tverdict\nSMTP TLS\twarning\t{verdict}\n", "a.expected.tsv")
        assert main(["reports", str(tmp_path)]) == status


@pytest.mark.parametrize("name", ["dmarc", "spf", "replies", "log_lines", "dns_rows"])
@pytest.mark.parametrize(
    "change", ["", "\n", "header", "column", "twice", "cells", "unknown", "bytes", "gone"]
)
def test_a_malformed_table_is_one_line(
    name: str, change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, row, *_ = ours(name).read_text(encoding="utf-8").splitlines()
    text = {
        "header": f"{header}\n",
        "column": f"{row}\n{row}\n",
        "twice": f"{header}\t{header}\n{row}\t{row}\n",
        "cells": f"{header}\n{row}\tx\n",
        "unknown": f"{header}\tcolour\n{row}\tred\n",
    }.get(change, change)
    file = tmp_path / "cases.tsv"
    if change != "gone":
        file.write_bytes(b"\xff\xfe" if change == "bytes" else text.encode())
    assert main([name, str(file)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith(f"tests/run: {file}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dmarc", "record\tpolicy\nv=DMARC1; p=none\tdeny\n"),
        ("dmarc", "record\tpolicy\nv=DMARC1; p=none\tnone|deny\n"),
        ("dmarc", "record\tpolicy\tzone\n\tabsent\tshop.example x\n"),
        ("spf", "record\taddress\tresult\nv=spf1 -all\there\tfail\n"),
        ("spf", "record\taddress\tresult\nv=spf1 -all\t192.0.2.1\tFail\n"),
        ("replies", "stage\treply\tclass\nrcpt\tgo away\trejected\n"),
        ("replies", "stage\treply\tclass\nquit\t550 go away\trejected\n"),
        ("log_lines", "title\tline\nx\tx\n"),
        ("dns_rows", "zone\trow\nnowhere.test\tx\n"),
    ],
)
def test_a_cell_that_cannot_be_is_one_line(
    name: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, written(tmp_path, text)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "cases.tsv" in told.err


@pytest.mark.parametrize("zones", ["{", '[{"zone": "x.test"}]', "[1]", '{"x": 1}'])
def test_zones_that_are_none_are_one_line(
    zones: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, zones, "dns_zones.json")
    assert main(["dns_rows", written(tmp_path, "zone\trow\nx.test\tx\n")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["dmarc"], ["dmarc", "a", "b"], ["blocklist", "a"]])
def test_wrong_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert all(name in told.err for name in NAMES)


def test_reports_without_a_text_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert main(["reports", str(folder)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_an_exception_of_the_product_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no reason")

    monkeypatch.setattr("tests.table.dmarc.effective", broken)
    assert main(["dmarc", written(tmp_path, "record\tpolicy\nv=DMARC1; p=none\tnone\n")]) == 1
    assert "ValueError: no reason" in capsys.readouterr().out


def test_the_command_needs_no_root_and_takes_a_path_from_where_it_is_called(tmp_path: Path) -> None:
    """With an environment in place of the locked one."""
    copy, stub = tmp_path / "copy", tmp_path / "stub"
    for name in ("bin/lock.sh", "tests/run", "tests/packages.sh", "tests/environment.sh", "tests/roots.sh",
                 "requirements.lock", "requirements-tests.lock"):  # fmt: skip
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, copy / name)
    environment = {"PATH": f"{stub}:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    stub.mkdir()
    executable(stub / "id", "echo 1000")
    python = copy / ".venv-tests/main/bin/python"
    python.parent.mkdir(parents=True)
    executable(python, f'PYTHONPATH={REPOSITORY}/plugin:{REPOSITORY} exec {sys.executable} "$@"')
    stamp = "python3 -VV; cat requirements.lock requirements-tests.lock"
    with (copy / ".venv-tests/main/stamp").open("wb") as stream:
        subprocess.run(["sh", "-c", stamp], cwd=copy, env=environment, stdout=stream, check=True)
    written(tmp_path, "record\tpolicy\nv=DMARC1; p=none\tnone\nv=DMARC1; p=none\treject\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(copy / "tests/run"), "--table", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = run("dmarc", "cases.tsv")
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (1, ["1 right, 1 wrong"]), done.stderr
    assert run("dmarc", str(tmp_path / "cases.tsv")).stdout == done.stdout
    for arguments in ((), ("dmarc",), ("nobody", "cases.tsv"), ("dmarc", "gone.tsv")):
        done = run(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def executable(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
