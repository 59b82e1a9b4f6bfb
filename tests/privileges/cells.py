"""A cell of the table: who, what, and that a request through WHM to the page has that outcome."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from mxverdict.web.tasks.checks import PASTED, domain_job
from tests.privileges.asks import (
    ASKS,
    DOMAINS,
    GUESSED,
    HIDDEN,
    MALFORMED,
    NO_FORM,
    NOT_THEIRS,
    NOT_THERE,
    TOLD,
    WINDOW_JOBS,
    WORDS,
    YES,
    Ask,
)
from tests.privileges.expected import TABLE
from tests.privileges.people import FORBIDDEN, NOT_LOGGED_IN, PEOPLE, ROOT, Person
from tests.privileges.world import Answer, World, sentence

_CELLS = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]
_STATUS = {
    NOT_THEIRS: 403,
    NO_FORM: 403,
    NOT_THERE: 404,
    MALFORMED: 400,
    HIDDEN: 200,
    TOLD: 303,
    NOT_LOGGED_IN: 401,
    FORBIDDEN: 403,
}


Cell = tuple[Ask, Person, str]


def cells(wanted: Callable[[Person], bool]) -> list[Any]:
    """The cells of those people, as parameters `ask`, `person` and `outcome`."""
    return _parameters(cell for cell in _every() if wanted(cell[1]))


def one_of_each(wanted: Callable[[Person], bool]) -> list[Any]:
    """One of those cells for each view and action, level and outcome, the people of a level in turn."""
    alike: dict[tuple[str, str, str], list[Cell]] = {}
    for ask, person, outcome in _every():
        if wanted(person):
            alike.setdefault((ask.what, person.level, outcome), []).append((ask, person, outcome))
    return _parameters(found[number % len(found)] for number, found in enumerate(alike.values()))


def _every() -> Iterator[Cell]:
    for ask, (_, _, *outcomes) in zip(ASKS, _CELLS):
        for person, outcome in zip(PEOPLE, outcomes):
            yield ask, person, outcome


def _parameters(chosen: Iterable[Cell]) -> list[Any]:
    return [pytest.param(*cell, id=f"{cell[1].name}-{cell[0].what}-{cell[0].whose}") for cell in chosen]


def assert_outcome(server: World, ask: Ask, person: Person, outcome: str) -> None:
    server.lay(ask.scene)
    before = server.trail()
    answer = server.ask(server.login_of(person), ask)
    server.settle()
    new = server.trail()[len(before) :]
    assert answer.status == _STATUS.get(outcome, 303 if ask.is_action else 200), answer.body
    if outcome == YES and ask.is_action:
        _assert_done(server, ask, person, answer)
        return
    changed = server.changes()
    if outcome == TOLD:
        assert changed == [_job_of(answer)]
        job = server.job(_job_of(answer))
        assert (job["state"], job["owner"]) == ("failed", person.user)
        assert job["text"]
        assert [line["action"] for line in new] == ["refuse"]
        return
    if ask.what != "view=log":  # which has Exim's log read
        assert changed == []
    if outcome == NOT_THEIRS:
        said = sentence(answer)
        assert said.endswith(".")
        assert [(one["user"], one["origin"], one["action"], one["result"]) for one in new] == [
            (person.user, "web", "refused", said)
        ]
        _assert_told_what_was_asked(new[0], ask)
    else:
        assert new == []
    if outcome in (NO_FORM, NOT_THERE, MALFORMED):
        assert sentence(answer).endswith(".")
    if outcome in (FORBIDDEN, NOT_LOGGED_IN):
        assert "mxverdict" not in answer.body.replace(server.path, "")
    whole = "".join(f"{name}: {value}\n" for name, value in answer.headers.items()) + answer.body
    if ask.shows:
        assert (ask.shows in whole) is (outcome == YES)
    if ask.for_root and outcome == YES:
        assert (ask.for_root in answer.body) is (person.level == ROOT)
    if person.level != ROOT:
        _assert_nothing_of_others(answer, ask, person)
    if outcome == HIDDEN and "job" in ask.query:
        assert ask.query["job"] not in answer.body
        assert _marks(answer) == 2
    if ask.what == "view=poll" and outcome == YES and "job" in ask.query:
        exists = GUESSED not in ask.query["job"]
        assert (len(answer.body.split()), answer.body.endswith(" -")) == (3, not exists)
    if ask.what == "view=poll" and outcome == YES:
        assert ("." in answer.body) is (person.level == ROOT)  # between a file's number, time and size


def _assert_told_what_was_asked(line: dict[str, Any], ask: Ask) -> None:
    fields = ask.form if ask.is_action else ask.query
    number = fields.get("id", "")
    about = [fields[name] for name in ("domain", "about", "address") if fields.get(name)]
    assert (line["kind"], line["addresses"]) == (ask.what, about)
    assert line["window"] == (int(number) if number.isdigit() else None)
    assert not any(value in json.dumps(line) for name, value in fields.items() if name in ("job", "text"))


def _assert_nothing_of_others(answer: Answer, ask: Ask, person: Person) -> None:
    """Neither their domains nor what they left, but for the name that was asked for."""
    named = {*ask.query.values(), *ask.form.values()}
    for owner, target in DOMAINS.values():
        if owner in ("carol", "root") and owner != person.user and not any(target in one for one in named):
            assert target not in answer.body
    for user, words in WORDS.items():
        assert user == person.user or words not in answer.body


def _marks(answer: Answer) -> int:
    """How many files' marks the page watches: a third is that of a job."""
    found = re.search(r'data-version="([^"]*)"', answer.body)
    return len(found.group(1).split()) if found else 2


def _job_of(answer: Answer) -> str:
    return answer.headers["location"].rpartition("job=")[2]


def _assert_done(server: World, ask: Ask, person: Person, answer: Answer) -> None:
    name = ask.what.partition("=")[2]
    if name == "settings":
        assert json.loads(server.host.settings.read_text())["minutes"] == 17
        return
    if name == "check":
        job = domain_job(ask.form["domain"])
    elif name == "find-testers":
        job = "found-testers"
    else:
        job = _job_of(answer)
        assert job not in WINDOW_JOBS.values()
    assert job in server.changes()
    said = server.job(job)
    assert said["owner"] == ("" if name == "find-testers" else person.user)
    if name == "explain":
        assert job.startswith(PASTED)
    elif name in ("open", "extend", "close", "permanent", "common-providers"):
        assert said["state"] == "done", said
        _assert_window(server, ask, person)


def _assert_window(server: World, ask: Ask, person: Person) -> None:
    window, name = server.window(), ask.what.partition("=")[2]
    if name == "extend":
        assert (window.state, window.minutes) == ("open", int(ask.form["minutes"]))
    elif name == "close":
        assert window.state == "closed"
        assert "senderverifybypasshosts" in server.changes()
    else:
        kinds = {"permanent": "permanent", "common-providers": "common_mail_providers"}
        kind = kinds.get(name) or ask.form["kind"]
        assert (window.kind, window.state, window.opened_by, window.origin) == (
            kind,
            "open",
            person.user,
            "web",
        )
        changed = (
            "exim.conf.localopts"
            if kind in ("delay_off", "common_mail_providers")
            else "senderverifybypasshosts"
        )
        assert changed in server.changes()
