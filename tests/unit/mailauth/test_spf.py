"""SPF records read term by term, and their macros."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import pytest

from mxverdict.mailauth.spf.evaluate import macros
from mxverdict.mailauth.spf.record import expand, is_record, parse

TABLE = json.loads(Path(__file__).parents[2].joinpath("tables/spf_terms.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("terms", "error"), TABLE["records"])
def test_syntax(terms: str, error: str) -> None:
    record = parse(f"v=spf1 {terms}".strip())
    if error:
        assert error in record.errors
    else:
        assert record.errors == ()
        assert len(record.terms) == len(terms.split())


@pytest.mark.parametrize(("spec", "name"), TABLE["macros"])
def test_macro(spec: str, name: str) -> None:
    domain = "sub.mail.example"
    assert expand(spec, macros(ipaddress.ip_address("192.0.2.3"), domain, domain, "helo.example")) == name


def test_macro_without_a_value_leads_nowhere() -> None:
    assert expand("%{i}.a.example", {}) is None


def test_a_name_that_is_too_long_loses_labels_on_the_left() -> None:
    name = expand("%{d}." + "label." * 50 + "a.example", {"d": "x"})
    assert name is not None
    assert len(name) <= 253
    assert name.startswith("label.")
    assert name.endswith(".label.a.example")


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("v=spf1", True),
        ("V=SPF1 -all", True),
        ("v=spf1 -all", True),
        ("v=spf10 -all", False),
        (" v=spf1 -all", False),
        ("v=spf1\t-all", False),
        ("spf1 -all", False),
        ("", False),
    ],
)
def test_what_is_taken_as_a_record(text: str, taken: bool) -> None:
    assert is_record(text) is taken
