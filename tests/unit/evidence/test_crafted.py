"""Whatever a saved file holds: one clear line or a report, a documented exit status, no traceback, and
nothing that steers the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mxverdict.cli import main
from mxverdict.evidence import to_json
from mxverdict.evidence.bounded_json import BYTES_LIMIT
from mxverdict.judge.selfcheck import judge
from mxverdict.report.selfcheck import selfcheck_json
from tests.output_schema import validated
from tests.unit.root_secrets import rich
from tests.unit.selfcheck_maker import GOOD

pytestmark = pytest.mark.slow

_SEEDS = 40
_DEEP = "DEEP"
_LONG = "x" * 20_000
_STEERING = "\x1b]0;title\x07\x1b[2J\r\x08\x9b31m\u202e\u2028\x00"
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 10**30, -(10**300), 0.5, 1e308, -1e308,
    253_402_300_799, 253_402_300_800, -62_135_596_801, float("nan"), float("inf"), float("-inf"),
    "", " ", "\n", _STEERING, f"a\n{_STEERING}\nb", "\ud800", "\udfff\udbff", _LONG, "0", "::1%\x1b",
    "1.2.3.4/33",
    "{x}", "%s", [], {}, [[]], [None], [_STEERING], {"a": 1}, {_STEERING: _STEERING}, _DEEP,
)  # fmt: skip
_TEXTS = (_STEERING,)
_NUMBERS = (-1, 10**30, float("nan"), -1e11, 253_402_300_799.0)


def saved_check() -> Any:
    return to_json(rich())


def saved_page() -> Any:
    return selfcheck_json(GOOD, judge(GOOD))


COMMANDS: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "judge": (saved_check, ["judge", "FILE", "--transcript"]),
    "judge, JSON": (saved_check, ["judge", "FILE", "--json"]),
    "report": (saved_check, ["report", "--evidence", "FILE"]),
    "report, HTML": (saved_check, ["report", "--evidence", "FILE", "--html"]),
    "selfcheck": (saved_page, ["selfcheck", "--from", "FILE"]),
    "selfcheck, JSON": (saved_page, ["selfcheck", "--from", "FILE", "--json"]),
    "explain": (saved_check, ["explain", "FILE"]),
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a tree: what holds it, and under which key or number."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(inner):
        yield value, key
        yield from places(one)


def crafted(data: Any, random: Random) -> bytes:
    """The file, changed in one to three places."""
    tree = json.loads(json.dumps(data))
    for _ in range(random.randint(1, 3)):
        holder, key = random.choice(list(places(tree)))
        other, place = random.choice(list(places(tree)))
        kind = random.choice(["value", "value", "value", "gone", "swapped", "added", "many"])
        if kind == "value":
            holder[key] = random.choice(_VALUES)
        elif kind == "gone":
            del holder[key]
        elif kind == "swapped":
            holder[key] = json.loads(json.dumps(other[place]))
        elif kind == "many" and isinstance(holder[key], list):
            holder[key] = holder[key] * 50
        elif isinstance(holder, dict):
            holder[_STEERING] = 1
    text = json.dumps(tree).replace(f'"{_DEEP}"', "[" * 50_000 + "]" * 50_000)
    content = text.encode()
    if random.random() < 0.15:
        at = random.randrange(len(content))
        content = content[:at] + random.randbytes(random.randint(0, 9)) + content[at + random.randint(0, 9) :]
    return content


def steers(text: str) -> set[str]:
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


def assert_harmless(words: list[str], out: str, err: str, status: int, what: str) -> None:
    assert status in (0, 1, 2, 3), what
    assert steers(out + err) == set(), what
    assert "Traceback" not in out + err, what
    if status == 2:
        (line,) = err.splitlines()
        assert line.startswith("mxverdict: "), what
        assert len(line) < 2500, what
        assert not out or "--json" in words, what


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_but_one_line_or_a_report(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, arguments = COMMANDS[command]
    data = make()
    path = tmp_path / "saved.json"
    words = [str(path) if word == "FILE" else word for word in arguments]
    statuses = set()
    for seed in range(_SEEDS):
        path.write_bytes(crafted(data, Random(seed)))
        status = main.main(words)
        out, err = capsys.readouterr()
        assert_harmless(words, out, err, status, f"seed {seed}")
        if "--json" in words:
            validated(words, out)
        statuses.add(status)
    assert 2 in statuses


@pytest.mark.parametrize("words", [["judge"], ["report", "--evidence"]], ids=lambda words: words[0])
def test_one_that_would_take_hours_is_given_up(words: list[str], tmp_path: Path) -> None:
    """By more name servers of a zone than any check asks: the judge compares each with each."""
    data = json.loads(json.dumps(saved_check()))
    data["domains"][0]["zone"]["servers"] *= 1500
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(data))
    assert path.stat().st_size < BYTES_LIMIT
    quick = "import sys; from mxverdict.cli import common, main; common._JUDGING = 2.0"
    done = subprocess.run(
        [sys.executable, "-c", f"{quick}; sys.exit(main.main(sys.argv[1:]))", *words, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MXVERDICT_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be judged: that takes longer than 2 s" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def named_places(value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each field of the evidence once, with what holds it."""
    known = set()
    for holder, key in places(value):
        inner = holder[key]
        field = f"{key} of {sorted(holder)}" if isinstance(holder, dict) else f"{holder[:1]}"
        if not isinstance(inner, (dict, list)) and field not in known:
            known.add(field)
            yield str(key), holder, key


@pytest.mark.slow
@pytest.mark.parametrize("command", ["judge", "report, HTML"])
def test_each_field_with_values_of_its_type(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, arguments = COMMANDS[command]
    data = json.loads(json.dumps(make()))
    path = tmp_path / "saved.json"
    words = [str(path) if word == "FILE" else word for word in arguments]
    count = 0
    for name, holder, key in named_places(data):
        kept = holder[key]
        for value in _TEXTS if isinstance(kept, str) else _NUMBERS:
            holder[key] = value
            path.write_text(json.dumps(data))
            status = main.main(words)
            assert_harmless(words, *capsys.readouterr(), status, f"{name}: {value!r}")
            count += 1
        holder[key] = kept
    assert count > 100


def test_the_files_themselves_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, (make, arguments) in COMMANDS.items():
        path = tmp_path / "saved.json"
        path.write_text(json.dumps(make()))
        status = main.main([str(path) if word == "FILE" else word for word in arguments])
        assert (status == 2) == (name == "explain"), capsys.readouterr().err
