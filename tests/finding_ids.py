"""docs/finding-ids.md, made from the rules: `python -m tests.finding_ids` prints it, `--write` writes it."""

from __future__ import annotations

import sys
from itertools import groupby

from mxverdict.rules import RULES
from tests.sandbox.server_files import REPOSITORY

PAGE = REPOSITORY / "docs/finding-ids.md"
_INTRODUCTION = """\
# Identifiers of findings

Made by `make docs` from `plugin/mxverdict/rules/registry.py`; do not edit it. The identifier leads to a page
that says how the rule is checked, when its row is a false positive and what to do.

Each finding of MX Verdict is about one rule, whose identifier is in its JSON as `id`. An identifier never
changes and is never used for anything else: it depends neither on the tester that prints the row, nor on
language or wording. The verdict of a finding says whether the rule holds. For a row of a blocklist the rule
is the same for every list; the list is the row's `name`.
"""
_TITLES = {
    "bimi": "BIMI",
    "blocklist": "Blocklists",
    "dmarc": "DMARC",
    "dns": "Name servers and zone",
    "log": "Exim's log",
    "mx": "Mail servers (MX)",
    "outbound": "Outbound test",
    "outgoing": "How mail leaves this server",
    "ptr": "Reverse DNS",
    "server": "This server",
    "smtp": "SMTP",
    "spf": "SPF",
}


def page() -> str:
    """Return the text of the page."""
    parts = [_INTRODUCTION]
    for group, names in groupby(sorted(RULES), key=lambda name: name.partition(".")[0]):
        rows = (f"| [`{name}`](rules/{name}.md) | {' | '.join(RULES[name])} |\n" for name in names)
        head = f"\n## {_TITLES[group]}\n\n| id | title | what it checks | source |\n|---|---|---|---|\n"
        parts += [head, *rows]
    return "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")
