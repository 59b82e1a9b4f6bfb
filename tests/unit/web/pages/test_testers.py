"""Where people run a tester's test: the catalogue's addresses, and the links to them."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from mxverdict import testers
from mxverdict.host import Host
from mxverdict.window.model import Window
from tests.unit.evidence_maker import HOSTNAME
from tests.unit.web.cgi import call
from tests.unit.window.rows import window

MXTOOLBOX = f"https://mxtoolbox.com/SuperTool.aspx?action=smtp%3A{HOSTNAME}&run=toolpage"
INTERNET_NL = "https://internet.nl/test-mail/"


@pytest.mark.parametrize(
    "host, address",
    [
        ("mx.example.net", "https://t.example/?q=mx.example.net&x=1"),
        ("2001:db8::1", "https://t.example/?q=2001%3Adb8%3A%3A1&x=1"),
        ("a&b=/../ü", "https://t.example/?q=a%26b%3D%2F..%2F%C3%BC&x=1"),
        ("{host}", "https://t.example/?q=%7Bhost%7D&x=1"),
        ("", ""),
    ],
)
def test_the_name_stands_encoded_in_the_address(host: str, address: str) -> None:
    assert testers.TesterPage("https://t.example/?q={host}&x=1", "2026-11-25", "s").of(host) == address


def test_a_start_page_needs_no_name() -> None:
    assert testers.TesterPage(INTERNET_NL, "2026-11-25", "s").of("") == INTERNET_NL


@pytest.mark.parametrize(
    "address",
    [
        "http://t.example/",
        "javascript:alert(1)//https://t.example/",
        "https://t.example",
        "//t.example/",
        "",
        "https://t.example/ x",
        "https://{host}/",
        "https://user@t.example/",
        "https://t.example/\n",
    ],
)
def test_a_catalogue_with_another_address_is_refused(tmp_path: Path, address: str) -> None:
    data = json.loads(testers.CATALOGUE.read_text())
    data["testers"][0]["page"]["address"] = address
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps(data))
    with pytest.raises(ValueError, match="not an https address"):
        testers.load(file)


@pytest.fixture
def standing(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[Window]:
    """The windows that are open."""
    windows: list[Window] = []
    monkeypatch.setattr("mxverdict.window.open_windows", lambda _: windows)
    return windows


def links(page: str) -> list[str]:
    found = re.findall(r'<a href="([^"]*)" target="_blank" rel="noreferrer noopener"', page)
    return [unescape(address) for address in found]


@pytest.mark.parametrize(
    "window_, offered",
    [
        (window(), [MXTOOLBOX]),
        (window(kind="delay_off", testers=("internet.nl",), networks=()), [INTERNET_NL]),
        (window(testers=("mxtoolbox", "198.51.100.7")), [MXTOOLBOX]),
        (window(testers=("swaks",)), []),
        (window(testers=("198.51.100.7",)), []),
        (window(state="closing"), []),
        (window(state="close_failed"), []),
    ],
)
def test_an_open_window_leads_to_its_testers_page(
    host: Host, standing: list[Window], window_: Window, offered: list[str]
) -> None:
    standing.append(window_)
    assert sorted(set(links(call(host).body))) == offered


def test_without_a_window_no_page_is_offered(host: Host, standing: list[Window]) -> None:
    assert links(call(host).body) == []


@pytest.fixture
def bobs(standing: list[Window], monkeypatch: pytest.MonkeyPatch) -> None:
    """A reseller has opened one."""
    monkeypatch.setattr("mxverdict.web.auth.permissions.own_domains", lambda _: ())
    standing.append(window(opened_by="bob", origin="web"))


@pytest.mark.usefixtures("bobs")
def test_a_reseller_is_led_there_from_an_own_window(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxverdict.collect.server.name_of", lambda _: HOSTNAME)
    assert links(call(host, as_level="delegated", REMOTE_USER="bob").body) == [MXTOOLBOX]
    assert links(call(host, as_level="delegated", REMOTE_USER="alice").body) == []


@pytest.mark.usefixtures("bobs")
def test_a_server_without_a_name_is_no_link(host: Host) -> None:
    page = call(host, as_level="delegated", REMOTE_USER="bob").body
    assert 'class="window open"' in page
    assert links(page) == []
