"""The rules, and the tables made of them."""

from __future__ import annotations

from pathlib import Path

from tests.privileges.asks import (
    ASKS,
    NO_FORM,
    NOT_THEIRS,
    NOT_THERE,
    OUTCOMES,
    Ask,
)
from tests.privileges.people import NONE, PEOPLE, ROOT, Person
from tests.sandbox.server_files import REPOSITORY

TABLE = REPOSITORY / "tests/tables/privileges.tsv"
DOCUMENT = REPOSITORY / "docs/privileges.md"

FOR_ALL = {"static=app.css", "static=no-such-file"}
"""Style sheets and scripts: the same for everybody whom WHM lets through."""
FOR_RESELLERS = {
    *("view=main", "view=domain", "view=report", "view=explain", "view=history", "view=state", "view=poll"),
    "view=rule",
    *("action=check", "action=explain", "action=open", "action=extend", "action=close"),
}
FOR_ROOT = {
    *("view=testers", "view=log", "view=settings"),
    *(
        "action=permanent",
        "action=common-providers",
        "action=add-tester-address",
        "action=remove-tester-address",
    ),
    *("action=find-testers", "action=settings"),
}


def expected(person: Person, ask: Ask) -> str:
    """The outcome, one of OUTCOMES."""
    if person.stopped:
        return person.stopped
    if ask.what in FOR_ALL:
        return ask.root_gets
    if person.level == NONE:
        return NOT_THEIRS
    if ask.what not in FOR_RESELLERS | FOR_ROOT:
        return NOT_THERE
    if ask.what in FOR_ROOT and person.level != ROOT:
        return NOT_THEIRS
    if ask.is_action and not person.by_cookie:
        return NO_FORM
    if person.level == ROOT:
        return ask.root_gets
    return ask.owner_gets if is_theirs(person, ask) else ask.others_get


def is_theirs(person: Person, ask: Ask) -> bool:
    """What was made in a browser is of no API token, whose privileges may be narrower than its user's."""
    return bool(ask.owner) and ask.owner == person.user and (person.by_cookie or not ask.made)


def rows() -> list[tuple[Ask, list[str]]]:
    return [(ask, [expected(person, ask) for person in PEOPLE]) for ask in ASKS]


def table() -> str:
    head = ["what", "whose", *(person.name for person in PEOPLE)]
    lines = [head, *([ask.what, ask.whose, *outcomes] for ask, outcomes in rows())]
    return "".join("\t".join(line) + "\n" for line in lines)


_ABOUT = """# Who may do what on the pages

Written by `python -m tests.privileges --write` from the rules in `tests/privileges/expected.py`; do not edit.
Every cell of the full table, `tests/tables/privileges.tsv`, is a request that the tests send through WHM to
the page (`tests/integration/test_privileges*.py`); for one of each view and action, level and outcome the
installed program is started, the others are answered in a fork of a process that has imported it.

WHM asks for the login and shows the page only to those who have the privilege “MX Verdict”
(`software-mxverdict`, off unless root ticks it in Edit Reseller Nameservers and Privileges) or all of root's.
The page then asks WHM once more, because it runs as root whoever opens it.
"""


def document() -> str:
    known = {person.name: person for person in PEOPLE}
    columns = [known[name] for name in ("root", "ruth", "root:all", "root:plugin", "alice", "alice:all")]
    parts = [_ABOUT, "\n## Who\n\n", "| in the tables | who it is |\n|---|---|\n"]
    parts += [f"| {person.name} | {person.title} |\n" for person in PEOPLE]
    parts += ["\nalice and carol are resellers with the privilege; each sells accounts that have domains.\n"]
    parts += ["\n## What the words mean\n\n", "| word | meaning |\n|---|---|\n"]
    parts += [f"| {word} | {meaning} |\n" for word, meaning in OUTCOMES.items()]
    stopped = ", ".join(f"{person.name} ({person.stopped})" for person in PEOPLE if person.stopped)
    shut_out = ", ".join(f"“{person.name}”" for person in PEOPLE if person.let_in)
    parts += [
        f"\nNot in the table below, because each gets the same everywhere: {stopped}, whom WHM stops; and "
        f"{shut_out}, to whom the page answers 403 whatever it is but its style sheets and scripts.\n"
    ]
    parts += ["\n## The table\n"]
    names = [person.name for person in columns]
    parts += ["\n| what | whose | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names) + "\n"]
    alike: dict[tuple[str, ...], list[str]] = {}
    for ask in ASKS:
        alike.setdefault((ask.what, *(expected(person, ask) for person in columns)), []).append(ask.whose)
    for (what, *outcomes), whose in alike.items():
        parts.append(f"| `{what}` | {'; '.join(whose)} | " + " | ".join(outcomes) + " |\n")
    return "".join(parts)


def written() -> dict[Path, str]:
    return {TABLE: table(), DOCUMENT: document()}
