"""Our page through cpsrvd: WHM's frame around it, and who gets in when WHM's Perl is not as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
import requests

from tests.integration.sandbox_whm.helpers import Https
from tests.sandbox.plugin import install_plugin
from tests.sandbox.whm import defaults
from tests.sandbox.whm.access import Token

CPANEL = "usr/local/cpanel"
CONF = "var/cpanel/apps/mxverdict.conf"
PAGE = "?view=history"


@pytest.fixture
def visit(https: Https) -> Callable[[str], requests.Response]:
    path = install_plugin(https.root)
    return lambda user: https.get(https.login(user) + path + PAGE)


@pytest.fixture
def broken(root: Path) -> Callable[[str, str], None]:
    def put(name: str, text: str) -> None:
        file = root / CPANEL / name
        file.unlink()
        file.write_text(text)
        file.chmod(0o755)

    return put


def is_framed(answer: requests.Response) -> bool:
    """Either whole or not at all."""
    html = answer.text
    assert html.startswith("<!DOCTYPE html>")
    assert html.rstrip().endswith("</html>")
    assert html.count("<html") == html.count("</html>") == html.count("</main>") == 1
    framed = "whm-top" in html
    assert ("whm-footer" in html) is framed
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    policy = {name: sources for name, *sources in parts}
    assert policy["style-src"] == (["'self'", "'unsafe-inline'"] if framed else ["'self'"])
    assert any("'sha256-" in source for source in policy["script-src"]) is framed
    assert "'unsafe-inline'" not in policy["script-src"]
    return framed


@pytest.mark.parametrize("user", ["root", "alice"])
def test_the_page_comes_in_whms_frame(visit: Callable[[str], requests.Response], user: str) -> None:
    answer = visit(user)
    assert answer.status_code == 200, answer.text
    assert is_framed(answer)
    assert 'aria-current="page"' in answer.text.split("</nav>", 1)[0]


@pytest.mark.parametrize(
    ("name", "text", "reseller"),
    [
        ("3rdparty/bin/perl", "#!/bin/sh\nexit 1\n", 403),
        ("3rdparty/bin/perl", "#!/bin/sh\necho root; echo '<html>'\n", 403),
        ("Whostmgr/ACLS.pm", "die", 403),
        ("Whostmgr/HTMLInterface.pm", "die", 200),
        (
            "Whostmgr/HTMLInterface.pm",
            "package Whostmgr::HTMLInterface; sub defheader { print '<html>' } sub deffooter { die } 1",
            200,
        ),
    ],
)
def test_broken_perl_lets_nobody_in_and_spoils_no_page(
    visit: Callable[[str], requests.Response],
    broken: Callable[[str, str], None],
    name: str,
    text: str,
    reseller: int,
) -> None:
    broken(name, text)
    answers = {user: visit(user) for user in ("root", "alice")}
    assert {user: answer.status_code for user, answer in answers.items()} == {"root": 200, "alice": reseller}
    assert not any(is_framed(answer) for answer in answers.values())


@pytest.mark.parametrize(
    ("user", "status"),
    [("root", 200), ("alice", 200), ("bob", 403)],
)
def test_who_gets_in_when_whm_lets_everybody_through(
    https: Https, visit: Callable[[str], requests.Response], user: str, status: int
) -> None:
    everybody(https.root)
    answer = visit(user)
    assert answer.status_code == status
    assert is_framed(answer) is (status == 200)


@pytest.mark.parametrize(
    ("token", "status"),
    [(defaults.ROOT_TOKEN, 200), (defaults.ROOT_READING_TOKEN, 403), (defaults.ALICE_TOKEN, 200)],
)
def test_a_token_gives_no_more_than_its_privileges(https: Https, token: Token, status: int) -> None:
    path = install_plugin(https.root)
    everybody(https.root)
    header = {"Authorization": f"whm {token.user}:{token.secret}"}
    assert https.get(path + PAGE, headers=header).status_code == status


def everybody(root: Path) -> None:
    conf = root / CONF
    text = conf.read_text()
    assert "acls=software-mxverdict\n" in text
    conf.write_text(text.replace("acls=software-mxverdict\n", "acls=any\n"))
