"""A form with a mistyped field comes back as it was typed and says beside the field what is wrong."""

from __future__ import annotations

import re
from html import unescape

import pytest

from mxverdict.host import Host
from mxverdict.web.http import csrf
from mxverdict.web.http.request import PASTE_LIMIT
from tests.unit.web.cgi import SESSION, Answer, call, post


def send(host: Host, action: str, **form: str) -> Answer:
    return post(host, f"action={action}", {"token": csrf.make_token(host, "root", SESSION), **form})


def fields(page: str) -> dict[str, str]:
    """What stands in the fields of the form that has a wrong one."""
    [form] = [one for one in re.findall("<form.*?</form>", page, re.DOTALL) if "aria-invalid" in one]
    found = {}
    for tag in re.findall("<input[^>]*>", form):
        [name], [value] = re.findall(' name="([^"]*)"', tag), re.findall(' value="([^"]*)"', tag)
        found[name] = unescape(value)
    for name, text in re.findall('<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(text)
    assert re.fullmatch("[0-9a-f]{64}", found.pop("token"))
    return found


def complaint(page: str) -> tuple[str, str]:
    """The name of the wrong field, and what a screen reader says with it."""
    [tag] = re.findall('<[^>]* aria-invalid="true"[^>]*>', page)
    [name], [by] = re.findall(' name="([^"]*)"', tag), re.findall(' aria-describedby="([^"]*)"', tag)
    [said] = re.findall(f'role="alert" id="{by}"><p><strong>(.*?)</strong>', page)
    return name, unescape(said)


@pytest.mark.parametrize("part", ["", "&part=rows"])
def test_a_domain_in_the_address_of_the_page(host: Host, part: str) -> None:
    page = call(host, f"view=domain&domain=x..y{part}")
    assert page.status == 400
    assert "<title>Check a domain" in page.body
    assert complaint(page.body)[0] == "domain"
    assert "x..y" in complaint(page.body)[1]
    assert fields(page.body) == {"domain": "x..y"}


@pytest.mark.parametrize("typed", ["x..y", '"><script>', "two words", "a" * 300])
def test_a_domain_in_the_form(host: Host, typed: str) -> None:
    page = send(host, "check", domain=typed)
    assert page.status == 400
    assert complaint(page.body)[0] == "domain"
    assert fields(page.body) == {"domain": typed}


def test_what_a_report_is_about(host: Host) -> None:
    text = "x" * (PASTE_LIMIT // 2)
    page = send(host, "explain", text=text, about="x..y")
    assert page.status == 400
    assert complaint(page.body)[0] == "about"
    assert fields(page.body) == {"text": text, "about": "x..y"}
    assert "Paste the report you have" in page.body


def test_an_empty_report(host: Host) -> None:
    page = send(host, "explain", text=" ", about="shop.example")
    assert page.status == 400
    assert complaint(page.body) == ("text", "Nothing was pasted.")
    assert fields(page.body) == {"text": " ", "about": "shop.example"}


OPENED = {"kind": "whitelist", "tester": "mxtoolbox", "reason": "It's “mine”", "until_tested": "1"}


@pytest.mark.parametrize("minutes", ["0", "999", "ten", "", "0000000051"])
@pytest.mark.parametrize(
    ("action", "form", "button"),
    [
        ("open", OPENED, "Open test window"),
        ("open", {**OPENED, "kind": "delay_off"}, "Switch delay off"),
        ("open", {"kind": "whitelist", "address": "192.0.2.9", "from": "log"}, "Open test window"),
        ("extend", {"id": "3"}, "Extend"),
    ],
)
def test_the_minutes_of_a_window(
    host: Host, action: str, form: dict[str, str], button: str, minutes: str
) -> None:
    page = send(host, action, **form, minutes=minutes)
    assert page.status == 400
    assert complaint(page.body) == ("minutes", "Minutes must be a whole number from 1 to 240.")
    assert fields(page.body) == {**form, "minutes": minutes}
    assert f'action="?action={action}"' in page.body
    assert f">{button}</button>" in page.body


def test_minutes_of_thousands_of_digits(host: Host) -> None:
    page = send(host, "extend", id="3", minutes="000000001" + "0" * 5000)
    assert page.status == 400
    assert complaint(page.body)[0] == "minutes"
    assert not (host.state / "web.log").exists()


def test_without_a_token_nothing_comes_back(host: Host) -> None:
    page = post(host, "action=check", {"domain": "x..y"})
    assert page.status == 403
    assert "x..y" not in page.body
