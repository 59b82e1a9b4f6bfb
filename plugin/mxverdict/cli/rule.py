"""`mxverdict rule`: what a finding is about, how it is checked and what to do."""

from __future__ import annotations

import argparse
from typing import Any

from mxverdict.cli.common import command, print_json
from mxverdict.errors import UsageError
from mxverdict.i18n.message import Message


def register(commands: Any) -> None:
    rule = command(commands, "rule", _rule, "what a row is about, how it is checked and what to do")
    rule.add_argument(
        "name",
        nargs="*",
        metavar="NAME",
        help="the identifier of a finding, or the name of a tester's row (default: list the identifiers)",
    )


class UnknownRuleError(UsageError):
    """Nothing is called so."""

    hint = Message("See `mxverdict rule` for the identifiers.")


def _rule(options: argparse.Namespace) -> int:
    from mxverdict.report.rule import rule_json, rule_lines
    from mxverdict.rules import RULES
    from mxverdict.services.rule_page import rule_page, rules_named

    name = " ".join(options.name)
    found = rules_named(name) if name else tuple(RULES)
    if not found:
        raise UnknownRuleError(f"no rule and no row is called {name[:80]!r}")
    pages = [rule_page(one) for one in found]
    if options.json:
        print_json({"rules": [rule_json(page) for page in pages]})
    elif name:
        print("\n\n".join("\n".join(rule_lines(page)) for page in pages))
    else:
        for page in pages:
            print(f"{page.id:<26} {page.title}")
    return 0
