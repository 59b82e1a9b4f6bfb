"""Where the output goes may be closed, full or unable to show a character: never a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.names import Records

CHECK = "check 203.0.113.10 --tester swaks"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    records: Records = {
        ("elsewhere.example", "MX"): ("10 mx.elsewhere.example",),
        ("mx.elsewhere.example", "A"): ("127.0.0.1",),
    }
    with Sandbox(records=records) as running:
        yield running


def shell(box: Sandbox, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    python = f"{sys.executable} -m mxverdict.cli.main"
    return box.run(["bash", "-c", line.replace("mxverdict", python)], env=environment)


@pytest.mark.parametrize(
    ("words", "status"), [(f"{CHECK} --json", 0), ("outbound elsewhere.example", 3), ("preview", 0)]
)
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_it_is_closed(box: Sandbox, words: str, status: int, closed: str) -> None:
    done = shell(box, f"mxverdict {words} {closed}")
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize("words", [CHECK, f"{CHECK} --json", "outbound elsewhere.example --json"])
def test_it_is_full(box: Sandbox, words: str) -> None:
    done = shell(box, f"mxverdict {words} >/dev/full")
    assert (done.returncode, done.stderr) == (
        3,
        "mxverdict: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_it_lacks_characters(box: Sandbox, encoding: str) -> None:
    done = shell(box, "mxverdict check shop.example", PYTHONIOENCODING=encoding)
    assert "rua=mailto:?" in done.stdout, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("words", [CHECK, f"{CHECK} --json"])
def test_nobody_reads_it_any_more(box: Sandbox, words: str) -> None:
    done = shell(box, f"mxverdict {words} | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")
