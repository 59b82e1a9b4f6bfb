"""Edit Reseller Nameservers and Privileges, and what a tick there does for the plugin."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.integration.sandbox_whm.helpers import Https
from tests.sandbox.plugin import install_plugin
from tests.sandbox.whm import access
from tests.sandbox.whm.resellers import PATH, privileges

DRIVERS = "usr/local/cpanel/Cpanel/Config/ConfigObj/Driver"
PRIVILEGE = "software-mxverdict"


def ticked(page: str, user: str) -> set[str]:
    form = page.split(f'name="res" value="{user}"', 1)[1].split("</form>", 1)[0]
    return set(re.findall(r'name="acl" value="([^"]+)" checked', form))


def keys(root: Path) -> list[str]:
    return [one.key for one in privileges(root)]


def test_root_gives_and_takes_the_plugin(https: Https) -> None:
    path = install_plugin(https.root)

    def visit(user: str) -> tuple[bool, int]:
        """Does the menu show the plugin, and what does its address answer?"""
        token = https.login(user)
        return path in https.get(f"{token}/").text, https.get(token + path).status_code

    def give(*given: str) -> None:
        token = https.login("root")
        answer = https.post(token + PATH, {"res": "bob", "acl": given})
        assert answer.status_code == 200
        assert "The privileges of bob are saved." in answer.text
        assert ticked(answer.text, "bob") == set(given)

    assert visit("bob") == (False, 403)
    give("list-accts", PRIVILEGE)
    assert visit("bob")[0]
    assert (https.root / "var/cpanel/resellers").read_text().splitlines()[1] == f"bob:list-accts,{PRIVILEGE}"
    give("list-accts")
    assert visit("bob") == (False, 403)
    assert PRIVILEGE in access.resellers(https.root)["alice"]


def test_the_page_shows_who_has_what(https: Https) -> None:
    install_plugin(https.root)
    page = https.get(https.login("root") + PATH).text
    assert PRIVILEGE in ticked(page, "alice")
    assert PRIVILEGE not in ticked(page, "bob")
    assert "Third-Party Services" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_page_is_for_root_alone(https: Https, method: str) -> None:
    before = (https.root / "var/cpanel/resellers").read_text()
    token = https.login("alice")
    options = {"data": {"res": "alice", "acl": ["all"]}} if method == "post" else {}
    assert getattr(https, method)(token + PATH, **options).status_code == 403
    assert (https.root / "var/cpanel/resellers").read_text() == before


def test_a_form_without_the_security_token_changes_nothing(https: Https) -> None:
    https.login("root")
    before = (https.root / "var/cpanel/resellers").read_text()
    assert https.post(PATH, {"res": "bob", "acl": "all"}).status_code == 401
    assert (https.root / "var/cpanel/resellers").read_text() == before


def test_nobody_gets_what_is_no_privilege(https: Https) -> None:
    token = https.login("root")
    https.post(token + PATH, {"res": "bob", "acl": ["list-accts", "software-unknown", "x:y"]})
    assert access.resellers(https.root)["bob"] == ["list-accts"]
    assert https.post(token + PATH, {"res": "nobody", "acl": "all"}).status_code == 404
    assert "nobody" not in access.resellers(https.root)


def test_the_privilege_is_known_while_its_driver_is_there(root: Path) -> None:
    assert PRIVILEGE not in keys(root)
    install_plugin(root)
    assert PRIVILEGE in keys(root)


def test_whm_keeps_what_it_found_until_the_folder_of_the_drivers_changes(root: Path) -> None:
    """As it is when only the metadata, in a folder of its own, comes anew."""
    install_plugin(root)
    assert PRIVILEGE in keys(root)
    (root / DRIVERS / "MXVerdict/META.pm").unlink()
    assert PRIVILEGE in keys(root)
    os.utime(root / DRIVERS)
    assert PRIVILEGE not in keys(root)
    install_plugin(root)
    assert PRIVILEGE in keys(root)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("MXVerdict.pm", "package", "packag"),
        ("MXVerdict.pm", "software-mxverdict", "mxverdict"),
        ("MXVerdict.pm", "'MXVerdict'", "'Other'"),
        ("MXVerdict/META.pm", "return 1 }", "return 2 }"),
        ("MXVerdict/META.pm", "1;\n", "0;\n"),
        ("MXVerdict/META.pm", "'since'", "'until'"),
    ],
)
def test_a_driver_that_cannot_be_loaded_adds_nothing(root: Path, file: str, old: str, new: str) -> None:
    install_plugin(root)
    path = root / DRIVERS / file
    text = path.read_text()
    path.write_text(new.join(text.rsplit(old, 1)))
    assert path.read_text() != text
    os.utime(root / DRIVERS)
    assert PRIVILEGE not in keys(root)
    assert "list-accts" in keys(root)
