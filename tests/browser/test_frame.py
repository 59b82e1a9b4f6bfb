"""Our page inside WHM's header and footer, without them, and the way a reseller comes to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Whm
from tests.browser.looking import ask_axe
from tests.sandbox.whm.resellers import PATH

INSTALLED = True
INTERFACE = "usr/local/cpanel/Whostmgr/HTMLInterface.pm"
RESELLERS = "var/cpanel/resellers"


def policy_of(page: Page) -> str:
    answer = page.reload()
    assert answer
    return answer.headers["content-security-policy"]


@pytest.mark.parametrize("user", ["root", "alice"])
@pytest.mark.parametrize("javascript", [True, False])
def test_the_page_stands_in_whms_frame(whm: Whm, user: str, javascript: bool) -> None:
    page = whm.open(user, javascript=javascript)
    expect(page.locator("main.whm-main #mxverdict")).to_be_visible()
    current = page.get_by_role("navigation", name="WHM").locator("[aria-current=page]")
    expect(current).to_have_text("MX Verdict")
    breadcrumb = page.get_by_role("navigation", name="Breadcrumb")
    expect(breadcrumb.get_by_role("link", name="MX Verdict")).to_be_visible()
    icon = breadcrumb.locator("img")
    assert icon.evaluate("icon => icon.naturalWidth") == 48
    assert page.locator("html").count() == page.locator("main").count() == page.locator("h1").count() == 1
    expect(page.locator("footer.whm-footer")).to_be_visible()


def test_the_title_says_which_page_it_is(whm: Whm) -> None:
    page = whm.log_in()
    address = whm.address(page)
    for query, name in (("domain&domain=new.example", "new.example"), ("nothing", "Refused")):
        page.goto(f"{address}?view={query}")
        expect(page).to_have_title(f"{name} · WHM - MX Verdict")


def test_whms_own_script_and_styles_work_under_our_policy(whm: Whm) -> None:
    page = whm.open()
    assert "whm-script" in (page.locator("html").get_attribute("class") or "")
    assert page.locator(".breadcrumb .whm-icon").evaluate("icon => icon.clientWidth") == 20
    assert page.locator(".whm-menu").evaluate("menu => menu.style.getPropertyValue('--whm-menu')") == "200px"
    styles, scripts = (
        next(part for part in policy_of(page).split("; ") if part.startswith(name))
        for name in ("style-src", "script-src")
    )
    assert styles == "style-src 'self' 'unsafe-inline'", "a hash beside it would switch it off"
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts
    page.set_viewport_size({"width": 360, "height": 800})
    menu = page.locator("#whm-menu")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(menu).to_be_visible()


def test_a_style_that_whm_inserts_at_run_time_takes_effect(whm: Whm) -> None:
    page = whm.open()
    assert page.locator(".whm-footer").evaluate("one => getComputedStyle(one).letterSpacing") == "3px"


@pytest.mark.parametrize("attributes", ["", "one.src = 'data:text/javascript,window.ran=1';"])
def test_other_scripts_do_not_run(whm: Whm, attributes: str) -> None:
    page = whm.open()
    with page.expect_console_message(lambda said: "Content Security Policy" in said.text):
        page.evaluate(
            "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
            f" {attributes} document.body.append(one); }}"
        )
    assert page.evaluate("window.ran") is None
    whm.complaints.clear()


@pytest.fixture
def frameless(whm: Whm) -> Iterator[None]:
    module = whm.box.root / INTERFACE
    away = module.rename(module.with_suffix(".away"))
    yield
    away.rename(module)


@pytest.mark.usefixtures("frameless")
@pytest.mark.parametrize("user", ["root", "alice"])
def test_without_the_frame_the_page_stands_alone(whm: Whm, user: str) -> None:
    page = whm.open(user)
    expect(page.locator("body > main#mxverdict")).to_be_visible()
    assert page.locator(".whm-top, .whm-footer, .whm-menu").count() == 0
    assert page.locator("h1").count() == 1
    expect(page).to_have_title(f"{'This server' if user == 'root' else 'Your domains'} · MX Verdict")
    policy = policy_of(page)
    assert "sha256" not in policy
    assert "'unsafe-inline'" not in policy
    with page.expect_console_message(lambda said: "Content Security Policy" in said.text):
        page.evaluate(
            "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))"
        )
    whm.complaints.clear()


def test_root_ticks_the_privilege_and_the_reseller_finds_the_page(whm: Whm) -> None:
    resellers = whm.box.root / RESELLERS
    before = resellers.read_text()
    bob = whm.log_in("bob")
    expect(bob.get_by_text("No plugins.")).to_be_visible()
    root = whm.log_in("root")
    try:
        root.get_by_role("link", name="Edit Reseller Nameservers and Privileges").click()
        form = root.locator("form", has=root.get_by_role("heading", name="bob"))
        form.get_by_label("MX Verdict").check()
        form.get_by_role("button", name="Save bob").click()
        expect(root.get_by_role("status")).to_have_text("The privileges of bob are saved.")
        bob.reload()
        bob.get_by_role("link", name="MX Verdict").click()
        expect(bob.locator("#mxverdict")).to_contain_text("bakery.example")
    finally:
        resellers.write_text(before)
    answer = bob.reload()
    assert answer
    assert answer.status == 403


@pytest.mark.parametrize("path", ["", PATH, "/no/such/page"])
def test_axe_finds_nothing_in_the_stand_in_of_whm(whm: Whm, path: str) -> None:
    page = whm.log_in("root")
    token = page.url.split("/")[3]
    page.goto(f"{whm.url}/{token}{path or '/'}")
    assert ask_axe(page) == ()
    page.goto(f"{whm.url}/login/")
    assert ask_axe(page) == ()
