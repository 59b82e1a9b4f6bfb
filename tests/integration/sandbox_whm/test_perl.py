"""The two Perl modules of WHM that plugins use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.sandbox_whm.helpers import (
    command,
)


def perl(root: Path, program: str, **environment: str) -> str:
    library = f"use lib '{root}/usr/local/cpanel'; "
    done = command(root, "3rdparty/bin/perl", "-e", library + program, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("environment", "has_root", "has_plugin"),
    [
        ({"REMOTE_USER": "root"}, "1", "1"),
        ({"REMOTE_USER": "alice"}, "0", "1"),
        ({"REMOTE_USER": "bob"}, "0", "0"),
        ({}, "0", "0"),
        ({"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "full"}, "1", "1"),
        ({"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "reading"}, "0", "0"),
        ({"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "unknown"}, "0", "0"),
        ({"REMOTE_USER": "alice", "WHM_API_TOKEN_NAME": "full"}, "0", "1"),
    ],
)
def test_perl_tells_privileges(
    root: Path, environment: dict[str, str], has_root: str, has_plugin: str
) -> None:
    program = (
        "use Whostmgr::ACLS; Whostmgr::ACLS::init_acls(); "
        "print Whostmgr::ACLS::hasroot(), Whostmgr::ACLS::checkacl('software-mxverdict');"
    )
    assert perl(root, program, **environment) == has_root + has_plugin


def test_perl_prints_header_and_forgotten_footer(root: Path) -> None:
    program = "use Whostmgr::HTMLInterface; Whostmgr::HTMLInterface::defheader('A & B'); print '(page)';"
    page = perl(root, program, REMOTE_USER="root", cp_security_token="/cpsess0123456789")
    before, after = page.split("(page)")
    assert "<title>WHM - A &amp; B</title>" in before
    assert 'href="/cpsess0123456789/"' in before
    assert after.endswith("</body></html>\n")
