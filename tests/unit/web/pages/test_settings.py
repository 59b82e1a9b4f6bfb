"""The form of the settings: taken, refused with what was typed kept, and for root alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest

from mxverdict import settings
from mxverdict.audit.actor import Actor
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.settings import Settings
from mxverdict.web.http import csrf
from mxverdict.whm.frame import DELEGATED
from tests.unit.web.cgi import SESSION, Answer, call, post

TYPED = {
    "minutes": "10",
    "most_minutes": "60",
    "tester": "mxtoolbox",
    "resellers_may_open": "1",
    "resellers_most_minutes": "20",
    "contact": "admin@shop.example",
    "language": "de",
}


@pytest.fixture(autouse=True)
def _speaking_english_afterwards() -> Iterator[None]:
    yield
    catalog.activate("en")


def send(host: Host, **changes: str) -> Answer:
    token = csrf.make_token(host, "root", SESSION)
    return post(host, "action=settings", {"token": token, **TYPED, **changes})


def values(page: str) -> dict[str, str]:
    """What stands in the fields; ticked boxes alone are there."""
    form = page[page.index('action="?action=settings"') :]
    form = form[: form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and value and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = unescape(value[1])
    for name_, options in re.findall(r'<select [^>]*name="([^"]*)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name_] = chosen[1] if chosen else ""
    found.pop("token")
    return found


def marked(page: str) -> list[tuple[str, str]]:
    """(field, complaint) of the fields that are marked as wrong, as a screen reader finds them."""
    found = []
    for tag in re.findall(r'<(?:input|select)[^>]*aria-invalid="true"[^>]*>', page):
        name = re.search(r'name="([^"]*)"', tag)
        described = re.search(r'aria-describedby="([^"]*)"', tag)
        assert name and described
        texts = [re.search(rf'id="{one}"[^>]*>([^<]*)<', page) for one in described[1].split()]
        assert all(texts)
        found.append((name[1], unescape(texts[-1][1]) if texts[-1] else ""))
    return found


def test_the_form_shows_what_holds(host: Host) -> None:
    page = call(host, "view=settings")
    assert page.status == 200
    assert values(page.body) == {
        "minutes": "15",
        "most_minutes": "240",
        "tester": "mxtoolbox",
        "resellers_most_minutes": "30",
        "contact": "",
        "language": "",
        "framed": "1",
    }
    assert marked(page.body) == []


def test_what_was_sent_holds_and_is_shown(host: Host) -> None:
    answer = send(host)
    assert (answer.status, answer.headers["Location"]) == (303, "?view=settings&saved=1")
    assert settings.read(host) == Settings(
        minutes=10,
        most_minutes=60,
        resellers_may_open=True,
        resellers_most_minutes=20,
        contact="admin@shop.example",
        language="de",
        framed=False,
    )
    page = call(host, "view=settings&saved=1").body
    assert values(page) == TYPED
    assert '<html lang="de">' in page
    entry = json.loads(host.audit.read_text())
    assert (entry["user"], entry["origin"], entry["action"]) == ("root", "web", "settings")


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("minutes", "61", "This is a number from 1 to 60, the most minutes of a test window."),
        ("minutes", "ten", "This is a whole number of minutes."),
        ("minutes", "", "This is a whole number of minutes."),
        ("minutes", "1.5", "This is a whole number of minutes."),
        ("minutes", "-5", "This is a whole number of minutes."),
        ("minutes", "٣", "This is a whole number of minutes."),
        ("most_minutes", "241", "The most minutes of a test window are a number from 1 to 240."),
        ("resellers_most_minutes", "61", "This is a number from 1 to 60, the most minutes of a test window."),
        ("contact", "nobody", "The contact is one mail address, such as admin@example.com, or empty."),
        ("contact", "<b>@x", "The contact is one mail address, such as admin@example.com, or empty."),
        ("language", "tlh", "MX Verdict does not speak that language."),
        ("tester", "nobody", "That tester is not known."),
    ],
)
def test_wrong_input_comes_back_with_the_reason(host: Host, field: str, text: str, says: str) -> None:
    answer = send(host, **{"language": "en", field: text})
    assert answer.status == 422
    assert marked(answer.body) == [(field, says)]
    assert "The settings were not changed." in answer.body
    kept = values(answer.body)
    for name, value in {**TYPED, "language": "en", field: text}.items():
        assert kept[name] == value or name == field in ("tester", "language")
    assert settings.read(host) == Settings()
    assert "<b>@x" not in answer.body


def test_a_file_that_cannot_be_written_is_told_and_nothing_lost(host: Host) -> None:
    host.settings.mkdir(parents=True)
    answer = send(host, language="")
    assert answer.status == 503
    assert "The settings were not changed." in answer.body
    assert values(answer.body) == {**TYPED, "language": ""}


def test_a_damaged_file_is_told(host: Host) -> None:
    host.state.mkdir(parents=True)
    host.settings.write_text("{")
    page = call(host, "view=settings").body
    assert "The settings cannot be read." in page
    assert str(host.settings) in page
    assert "15 minutes at most and resellers open none" in page
    assert values(page)["most_minutes"] == "15"
    assert send(host, language="").status == 303
    assert "The settings cannot be read." not in call(host, "view=settings").body


def test_nobody_else_changes_them(host: Host) -> None:
    assert post(host, "action=settings", TYPED).status == 403
    token = csrf.make_token(host, "bob", SESSION)
    fields = {"token": token, **TYPED}
    assert post(host, "action=settings", fields, as_level=DELEGATED, REMOTE_USER="bob").status == 403
    assert call(host, "view=settings", as_level=DELEGATED, REMOTE_USER="bob").status == 403
    assert call(host, "action=settings").status == 405
    assert settings.read(host) == Settings()


def test_no_form_for_whoever_has_no_session(host: Host) -> None:
    page = call(host, "view=settings", cp_security_token="").body
    assert "Nothing can be changed from here." in page
    assert "Save settings" not in page


def test_added_addresses_can_be_removed_here(host: Host) -> None:
    row = {
        "address": "192.0.2.9",
        "tester": "mxtoolbox",
        "name": "x",
        "date": "2026-11-25",
        "source": "by <bob>",
    }
    host.state.mkdir(parents=True)
    host.tester_addresses.write_text(json.dumps({"schema": 1, "addresses": [row]}))
    page = call(host, "view=settings").body
    added = page[page.index('id="added-title"') :]
    assert "192.0.2.9, MXToolbox" in added
    assert "by &lt;bob&gt;" in added
    assert 'action="?action=remove-tester-address"' in added
    assert "?view=log#found-title" in added


def test_damaged_settings_are_told_on_the_first_page(host: Host) -> None:
    host.settings.parent.mkdir(parents=True, exist_ok=True)
    host.settings.write_text("{")
    assert "The settings cannot be read." in call(host).body
    host.settings.unlink()
    assert "The settings cannot be read." not in call(host).body


def test_with_damaged_settings_a_reseller_opens_nothing(host: Host) -> None:
    """Nobody knows whether the owner forbade it."""
    form = {"kind": "whitelist", "tester": "mxtoolbox", "minutes": "5"}
    form["token"] = csrf.make_token(host, "bob", SESSION)
    settings.write(host, Settings(resellers_may_open=True), Actor("root", "web"))
    host.settings.write_text(host.settings.read_text()[:-3])
    answer = post(host, "action=open", form, as_level=DELEGATED, REMOTE_USER="bob")
    assert answer.status == 403
    assert "Resellers may not open test windows on this server." in answer.body
    assert not (host.state / "jobs").exists()
