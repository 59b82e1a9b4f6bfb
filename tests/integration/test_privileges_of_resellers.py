"""The privilege matrix, of resellers and of API tokens with fewer privileges, and of those who would come to
the page without any were WHM to let them through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.privileges.asks import Ask
from tests.privileges.cells import assert_outcome, cells, one_of_each
from tests.privileges.people import ROOT, Person
from tests.privileges.world import World, world


@pytest.fixture(scope="module")
def server() -> Iterator[World]:
    with world() as made:
        yield made


def _is_no_root(person: Person) -> bool:
    return person.level != ROOT and not person.stopped


@pytest.mark.parametrize(("ask", "person", "outcome"), cells(_is_no_root))
def test_cell(server: World, ask: Ask, person: Person, outcome: str) -> None:
    assert_outcome(server, ask, person, outcome)


@pytest.mark.parametrize(("ask", "person", "outcome"), one_of_each(_is_no_root))
def test_the_installed_program(server: World, ask: Ask, person: Person, outcome: str) -> None:
    with server.each_page_started():
        assert_outcome(server, ask, person, outcome)
