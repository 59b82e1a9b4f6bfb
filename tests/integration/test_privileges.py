"""The privilege matrix, of those who are root and of those whom WHM stops; `test_privileges_of_resellers.py`
has the others. Each cell of the table is a request through WHM to the page, ready in a process that has
imported it; one for each view and action, level and outcome starts the installed program, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mxverdict.web import routes
from tests.privileges.asks import ASKS, OUTCOMES, Ask
from tests.privileges.cells import assert_outcome, cells, one_of_each
from tests.privileges.expected import FOR_RESELLERS, FOR_ROOT, expected, written
from tests.privileges.people import PEOPLE, ROOT, Person
from tests.privileges.world import World, world


@pytest.fixture(scope="module")
def server() -> Iterator[World]:
    with world() as made:
        yield made


def test_the_table_is_the_one_the_rules_make() -> None:
    for path, text in written().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python -m tests.privileges --write"


def test_the_table_has_every_view_and_action() -> None:
    known = {
        *(f"view={name}" for name in routes.VIEWS),
        *(f"action={name}" for name in routes.ACTIONS),
    }
    assert known == FOR_RESELLERS | FOR_ROOT
    assert known <= {ask.what for ask in ASKS}
    cells = {expected(person, ask) for person in PEOPLE for ask in ASKS}
    assert cells == set(OUTCOMES)


@pytest.mark.parametrize(
    ("ask", "person", "outcome"), cells(lambda person: person.level == ROOT or bool(person.stopped))
)
def test_cell(server: World, ask: Ask, person: Person, outcome: str) -> None:
    assert_outcome(server, ask, person, outcome)


@pytest.mark.parametrize(("ask", "person", "outcome"), one_of_each(lambda person: person.level == ROOT))
def test_the_installed_program(server: World, ask: Ask, person: Person, outcome: str) -> None:
    with server.each_page_started():
        assert_outcome(server, ask, person, outcome)
