"""WHM's pages carry Bootstrap 3 and 5 (docs.cpanel.net, WHM 2024 on): our pages look the same beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Whm

_PACKAGES = Path(__file__).with_name("node_modules")
_STYLES = """
() => {
  const kinds = new Map();
  for (const element of document.querySelectorAll("#mxverdict, #mxverdict *")) {
    const itself = `${element.tagName} ${element.className.baseVal ?? element.className}`;
    const name = `${itself} ${element.parentElement.tagName}`;
    if (!kinds.has(name)) kinds.set(name, getComputedStyle(element));
  }
  return JSON.stringify([...kinds].map(([name, style]) =>
    [name, Object.fromEntries([...style].map((key) => [key, style.getPropertyValue(key)]))]));
}
"""
"""Of one element of each kind: its name, its class and its parent's name."""
_UNFOLD = "document.querySelectorAll('#mxverdict details').forEach((one) => { one.open = true; })"
_PLACES = re.compile(r"(inline-|block-)?size|width|height|.*-origin|top|bottom|left|right|inset-.*|x")
"""What depends on the height and width of WHM's own parts."""
_VIEWS = ("", "?view=settings")


def styles(page: Page) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = json.loads(page.evaluate(_STYLES))
    return [
        (name, {key: value for key, value in told.items() if not _PLACES.fullmatch(key)})
        for name, told in found
    ]


@pytest.mark.parametrize("package", ["bootstrap-3", "bootstrap-5"])
def test_bootstrap_beside_them_changes_no_page_of_ours(whm: Whm, package: str) -> None:
    page = whm.log_in()
    whm_css = whm.box.root / "usr/local/cpanel/whostmgr/docroot/styles/whm.css"
    usual = whm_css.read_text()
    bootstrap = (_PACKAGES / package / "dist/css/bootstrap.css").read_text()
    for view in _VIEWS:
        page.goto(whm.address(page) + view)
        page.evaluate(_UNFOLD)
        alone = styles(page)
        whm_css.write_text(f"{bootstrap}\n{usual}")
        try:
            page.reload()
            page.evaluate(_UNFOLD)
            assert page.evaluate("getComputedStyle(document.body).lineHeight") != "normal"
            beside = styles(page)
        finally:
            whm_css.write_text(usual)
        assert [name for name, _ in beside] == [name for name, _ in alone], view
        different = [
            (name, key, told[key], other.get(key))
            for (name, told), (_, other) in zip(alone, beside)
            for key in told
            if told[key] != other.get(key)
        ]
        assert different == [], view
