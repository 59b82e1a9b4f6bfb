"""The gate, against stand-ins of cPanel's Perl."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.whm.access import is_root_level

TOKEN = {"WHM_API_TOKEN_NAME": "reading"}


def perl(host: Host, script: str) -> Path:
    program = host.cpanel / "3rdparty/bin/perl"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_root_by_password_needs_no_perl(host: Host) -> None:
    assert is_root_level(host, {"REMOTE_USER": "root"})


def test_whm_is_asked_about_others(host: Host) -> None:
    perl(host, '[ "$REMOTE_USER" = carol ] && printf root-level || printf reseller')
    assert is_root_level(host, {"REMOTE_USER": "carol"})
    assert not is_root_level(host, {"REMOTE_USER": "alice"})


def test_whm_is_asked_about_root_behind_a_token(host: Host) -> None:
    perl(host, '[ "$WHM_API_TOKEN_NAME" = full ] && printf root-level || printf reseller')
    assert is_root_level(host, {"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "full"})
    assert not is_root_level(host, {"REMOTE_USER": "root", **TOKEN})


@pytest.mark.parametrize(
    "script",
    [
        "printf root-level; exit 1",
        "exit 0",
        "echo root-level",
        "printf 'root-level reseller'",
        "printf reseller",
        "kill -9 $$",
        "printf root-level >&2",
    ],
)
def test_any_other_answer_is_a_refusal(host: Host, script: str) -> None:
    perl(host, script)
    assert not is_root_level(host, {"REMOTE_USER": "root", **TOKEN})


def test_a_missing_perl_is_a_refusal(host: Host) -> None:
    assert not is_root_level(host, {"REMOTE_USER": "root", **TOKEN})


@pytest.mark.parametrize("environ", [{}, {"REMOTE_USER": ""}, {"REMOTE_USER": "", **TOKEN}])
def test_nobody_is_a_refusal(host: Host, environ: dict[str, str]) -> None:
    perl(host, "printf root-level")
    assert not is_root_level(host, environ)


def test_perl_sees_what_it_needs_and_no_secret(host: Host, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    perl(host, f"env >{seen}; printf root-level")
    secrets = {"REMOTE_PASSWORD": "hunter2", "HTTP_COOKIE": "hunter2", "cp_security_token": "hunter2"}
    assert is_root_level(host, {"REMOTE_USER": "alice", **TOKEN, **secrets, "PERL5LIB": "/tmp"})
    assert "hunter2" not in seen.read_text()
    assert "PERL5LIB" not in seen.read_text()
    assert "REMOTE_USER=alice" in seen.read_text()
