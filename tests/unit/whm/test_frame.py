"""The gate and WHM's frame, against stand-ins of cPanel's Perl."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mxverdict.whm import frame

PLUGIN = Path(frame.__file__).parents[2]
TOKEN = {"WHM_API_TOKEN_NAME": "reading"}
ALICE = {"REMOTE_USER": "alice"}
ROOT = {"REMOTE_USER": "root"}
SAYS = 'say() { printf "%s %s\\n" "$MXVERDICT_FRAME" "$1"; }; mark() { printf %s "$MXVERDICT_FRAME"; }; '
WHOLE = "say delegated; printf '<html><body>'; mark; printf '</body></html>'"


def perl(root: Path, script: str) -> None:
    program = root / "usr/local/cpanel/3rdparty/bin/perl"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{SAYS}{script}\n")
    program.chmod(0o755)


def level(root: Path, environ: dict[str, str], *, framed: bool = False) -> str:
    asked = frame.start(environ, str(root), framed=framed)
    found = asked.level
    asked.close()
    return found


def no_child_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


@pytest.fixture(autouse=True)
def no_children_of_other_tests() -> None:
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "LEVEL_SECONDS", 0.4)
    monkeypatch.setattr(frame, "FRAME_SECONDS", 0.4)


# Who the visitor is


def test_root_by_password_needs_no_perl(tmp_path: Path) -> None:
    assert level(tmp_path, ROOT) == frame.ROOT


def test_root_by_password_stays_root_when_perl_says_otherwise(tmp_path: Path) -> None:
    perl(tmp_path, "say none")
    asked = frame.start(ROOT, str(tmp_path), framed=True)
    assert (asked.level, asked.header, asked.footer) == (frame.ROOT, "", "")


def test_whm_is_asked_about_others(tmp_path: Path) -> None:
    perl(tmp_path, "case $REMOTE_USER in carol) say root;; alice) say delegated;; *) say none;; esac")
    assert level(tmp_path, {"REMOTE_USER": "carol"}) == frame.ROOT
    assert level(tmp_path, ALICE) == frame.DELEGATED
    assert level(tmp_path, {"REMOTE_USER": "bob"}) == frame.NONE


def test_whm_is_asked_about_root_behind_a_token(tmp_path: Path) -> None:
    perl(tmp_path, '[ "$WHM_API_TOKEN_NAME" = full ] && say root || say none')
    assert level(tmp_path, {**ROOT, "WHM_API_TOKEN_NAME": "full"}) == frame.ROOT
    assert level(tmp_path, {**ROOT, **TOKEN}) == frame.NONE


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "exit 1",
        "kill -9 $$",
        "say root >&2",
        "echo root",
        "echo delegated",
        'printf "%s root" "$MXVERDICT_FRAME"',
        'say "root "',
        "say ROOT",
        "say all",
        "say ''",
        "echo; say root",
        "printf '<!DOCTYPE html>\\n'; say root",
        'printf "%s\\0root\\n" "$MXVERDICT_FRAME"',
        "head -c 3000000 /dev/zero",
    ],
)
@pytest.mark.parametrize("framed", [False, True])
def test_any_other_answer_is_a_refusal(tmp_path: Path, script: str, framed: bool) -> None:
    perl(tmp_path, script)
    assert level(tmp_path, {**ROOT, **TOKEN}, framed=framed) == frame.NONE
    assert no_child_is_left()


@pytest.mark.parametrize("framed", [False, True])
def test_a_missing_perl_is_a_refusal(tmp_path: Path, framed: bool) -> None:
    assert level(tmp_path, {**ROOT, **TOKEN}, framed=framed) == frame.NONE


@pytest.mark.parametrize("environ", [{}, {"REMOTE_USER": ""}, {"REMOTE_USER": "", **TOKEN}])
def test_nobody_is_a_refusal(tmp_path: Path, environ: dict[str, str]) -> None:
    perl(tmp_path, "say root")
    assert level(tmp_path, environ, framed=True) == frame.NONE


def test_a_name_that_no_environment_can_hold_is_a_refusal(tmp_path: Path) -> None:
    perl(tmp_path, "say root")
    assert level(tmp_path, {"REMOTE_USER": "alice\0"}) == frame.NONE


def test_who_is_known_waits_for_the_frame_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "FRAME_SECONDS", 0.4)
    perl(tmp_path, "exec sleep 60")
    began = time.monotonic()
    asked = frame.start(ROOT, str(tmp_path), framed=True)
    assert (asked.level, asked.header, asked.footer) == (frame.ROOT, "", "")
    assert time.monotonic() - began < frame.LEVEL_SECONDS
    assert no_child_is_left()


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("script", ["sleep 60", "sleep 60 & wait", 'printf %s "$MXVERDICT_FRAME"; sleep 60'])
def test_a_silent_perl_is_a_refusal_in_time(tmp_path: Path, script: str) -> None:
    perl(tmp_path, script)
    began = time.monotonic()
    assert level(tmp_path, ALICE) == frame.NONE
    assert time.monotonic() - began < 5
    assert no_child_is_left()


def test_the_level_is_known_before_the_frame(tmp_path: Path) -> None:
    perl(tmp_path, "say delegated; sleep 60")
    began = time.monotonic()
    assert level(tmp_path, ALICE, framed=True) == frame.DELEGATED
    assert time.monotonic() - began < 5
    assert no_child_is_left()


# Header and footer


def test_header_and_footer_surround_the_mark(tmp_path: Path) -> None:
    perl(tmp_path, WHOLE)
    asked = frame.start(ALICE, str(tmp_path), framed=True)
    assert (asked.footer, asked.header) == ("</body></html>", "<html><body>")
    assert asked.level == frame.DELEGATED
    assert no_child_is_left()


def test_a_frame_larger_than_a_pipe(tmp_path: Path) -> None:
    perl(tmp_path, "say delegated; printf '<'; head -c 400000 /dev/zero | tr '\\0' x; mark; echo '</html>'")
    asked = frame.start(ALICE, str(tmp_path), framed=True)
    assert (len(asked.header), asked.footer) == (400001, "</html>\n")


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    perl(tmp_path, "say delegated; printf '<b>\\377'; mark; printf '</b>'")
    assert frame.start(ALICE, str(tmp_path), framed=True).header == "<b>\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "script",
    [
        "say delegated",
        "say delegated; printf '<html>'",
        "say delegated; printf '<html>'; mark",
        "say delegated; printf '<html>'; mark; printf ' \\n'",
        "say delegated; mark; printf '</html>'",
        "say delegated; printf 'Internal error'; mark; printf '</html>'",
        f"{WHOLE}; exit 1",
        f"{WHOLE}; kill -9 $$",
        "say delegated; printf '<'; head -c 3000000 /dev/zero; mark; printf '</html>'",
        "say none; printf '<html>'; mark; printf '</html>'",
    ],
)
def test_half_a_frame_is_none(tmp_path: Path, script: str) -> None:
    perl(tmp_path, script)
    asked = frame.start(ALICE, str(tmp_path), framed=True)
    assert (asked.header, asked.footer) == ("", "")
    assert no_child_is_left()


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    "script",
    [
        "say delegated; printf '<html>'; sleep 60",
        "say delegated; printf '<html>'; mark; printf '</html>'; sleep 60",
        f"{WHOLE}; exec >&-; sleep 60",
        f"{WHOLE}; sleep 60 &",
    ],
)
@pytest.mark.slow
def test_a_frame_that_hangs_is_none_in_time(tmp_path: Path, script: str) -> None:
    perl(tmp_path, script)
    began = time.monotonic()
    asked = frame.start(ALICE, str(tmp_path), framed=True)
    assert (asked.header, asked.level) == ("", frame.DELEGATED)
    assert time.monotonic() - began < 5
    assert no_child_is_left()


@pytest.mark.parametrize("environ", [ROOT, ALICE])
def test_without_perl_the_page_stands_alone(tmp_path: Path, environ: dict[str, str]) -> None:
    asked = frame.start(environ, str(tmp_path), framed=True)
    assert (asked.header, asked.footer) == ("", "")


def test_a_closed_frame_stays_as_it_was(tmp_path: Path) -> None:
    perl(tmp_path, WHOLE)
    collected, dropped = (frame.start(ALICE, str(tmp_path), framed=True) for _ in range(2))
    assert collected.header
    for asked in (collected, dropped):
        asked.close()
        asked.close()
    assert collected.header
    assert (dropped.level, dropped.header) == (frame.NONE, "")


# What perl gets


@pytest.fixture
def form_on_standard_input(tmp_path: Path) -> Iterator[None]:
    form = tmp_path / "form"
    form.write_text("token=hunter2")
    kept = os.dup(0)
    with form.open() as file:
        os.dup2(file.fileno(), 0)
    yield
    os.dup2(kept, 0)
    os.close(kept)


@pytest.mark.usefixtures("form_on_standard_input")
@pytest.mark.parametrize("framed", [False, True])
def test_perl_sees_what_it_needs_and_no_secret(tmp_path: Path, framed: bool) -> None:
    seen = tmp_path / "seen"
    perl(tmp_path, f"cat >{seen}.in; env >{seen}; {WHOLE}")
    environ = {
        **TOKEN,
        **ALICE,
        "cp_security_token": "/cpsess1",
        "REQUEST_URI": "/cpsess1/cgi/addons/mxverdict/index.cgi?query",
        "REMOTE_PASSWORD": "hunter2",
        "HTTP_COOKIE": "hunter2",
        "QUERY_STRING": "query",
        "PERL5LIB": "/tmp",
    }
    asked = frame.start(environ, str(tmp_path), framed=framed)
    assert asked.level == frame.DELEGATED
    assert asked.header == ("<html><body>" if framed else "")
    variables = seen.read_text()
    for secret in ("hunter2", "PERL5LIB", "query"):
        assert secret not in variables
    assert "REMOTE_USER=alice\n" in variables
    assert "WHM_API_TOKEN_NAME=reading\n" in variables
    assert ("cp_security_token=/cpsess1\n" in variables) is framed
    assert ("REQUEST_URI=/cpsess1/cgi/addons/mxverdict/index.cgi\n" in variables) is framed
    assert Path(f"{seen}.in").read_text() == ""


def test_starting_needs_nothing_heavy() -> None:
    program = "import sys; import mxverdict.whm.frame; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(PLUGIN)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"subprocess", "pathlib", "re", "json", "typing", "contextlib", "signal"} & {
        *done.stdout.split()
    }
