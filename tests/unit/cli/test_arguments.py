"""Words of a command line that somebody else has chosen: `*` in a folder of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from mxverdict.cli import main

NAMES = ("a\x1b]0;title\x07\x1b[2J.json", "b\u202e\r.json", "c\nmxverdict: fine.json", "d\udcff.json")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "words",
    [
        ["judge", "x"],
        ["explain", "x"],
        ["selfcheck", "--from", "x"],
        [],
        ["window", "close"],
        ["log", "--since"],
    ],
    ids=" ".join,
)
def test_names_of_files_steer_no_terminal(
    words: list[str],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MXVERDICT_ROOT", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main.main([*words, name])
    assert ended.value.code == 2
    out, err = capfd.readouterr()
    assert {unicodedata.category(one)[0] for one in (out + err).replace("\n", "")}.isdisjoint("C")
    assert "\nmxverdict: fine" not in err


@pytest.mark.parametrize("word", ["close", "extend"])
@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000, "²", "x", "1.0"])
def test_a_number_that_no_window_has(
    word: str,
    number: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MXVERDICT_ROOT", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main.main(["window", word, number])
    assert ended.value.code == 2
    assert "is not the number of a window" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["explain"], ["explain", "-"], ["judge", "/dev/stdin"]], ids=" ".join)
def test_standard_input_that_is_closed(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", "mxverdict.cli.main", *words],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "MXVERDICT_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
