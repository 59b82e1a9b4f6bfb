"""The table of refusals and its reader. What each text is classed as is in tests/tables/replies.tsv."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxverdict.findings import Verdict
from mxverdict.refusals import RefusalClass, classify, facts, refusal_verdict
from mxverdict.refusals.normalize import TEXT_LIMIT, normalized_reply
from mxverdict.refusals.phrase import Phrase
from mxverdict.refusals.table import FAULTS, RANKS, TABLE, WAITING, load
from tests.table.replies import STAGES
from tests.table.tsv import read

REPLIES = read(
    Path(__file__).parents[2] / "tables/replies.tsv", ("reply", "class"), ("title", "stage", "verdict")
)
_WORD = re.compile(r"\.\.|[a-z0-9_*]+(?:\|[a-z0-9_*]+)*")


def groups() -> Iterator[dict[str, Any]]:
    data = json.loads(TABLE.read_text(encoding="utf-8"))
    yield from (*data["texts"], *data["codes"], *data["replies"])


def test_each_class_is_described_and_has_texts() -> None:
    for kind in RefusalClass:
        about = facts(kind)
        assert (about.fault in FAULTS, about.waiting in WAITING, bool(about.meaning and about.todo)) == (
            True,
        ) * 3
    asked = Counter(kind for row in REPLIES for kind in row.cells["class"].split("|"))
    assert set(asked) == {kind.value for kind in RefusalClass}
    assert len(REPLIES) >= 250


def test_each_row_of_the_data_is_well_formed() -> None:
    sources = load().sources
    for group in groups():
        assert group["source"] in sources
        assert group.get("rank", "general") in RANKS
        assert set(group.get("stages", ())) <= set(STAGES)
        for phrase in group.get("phrases", ()):
            assert all(_WORD.fullmatch(word) for word in phrase.split()), phrase
            assert not phrase.startswith("..")
            assert not phrase.endswith("..")
            assert Phrase(phrase).weight > 1, phrase
    for source in sources.values():
        assert source.title
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", source.date)


def test_no_phrase_is_there_twice_under_the_same_conditions() -> None:
    """Under two classes the second would never count."""
    seen = Counter(
        (pattern.phrase.pattern, pattern.rank, pattern.conditions, pattern.in_links)
        for rows in (load().texts, load().hints)
        for pattern in rows.patterns
    )
    assert [pattern for (pattern, *_rest), count in seen.items() if count > 1] == []


@pytest.mark.parametrize("code", [421, 450, 451, 452, 500, 550, 554, 571])
@pytest.mark.parametrize("stage", [*STAGES, ""])
def test_what_no_row_knows_is_unknown(code: int, stage: str) -> None:
    for text in ("", "xyzzy", "5.7.1 plugh", "4.7.1 plugh", "Fall 4711", "\n\n", "5.9.99", "…"):
        kind = classify(code, text, stage).kind
        assert kind is RefusalClass.UNKNOWN, text
        assert refusal_verdict(RefusalClass.UNKNOWN, code) is Verdict.UNKNOWN


def test_greylisting_is_a_deferral_that_says_so() -> None:
    assert classify(451, "Greylisted", "rcpt").kind is RefusalClass.GREYLISTED
    for text in ("Try again later", "4.7.1 Try again later", "come back", ""):
        assert classify(451, text, "rcpt").kind is not RefusalClass.GREYLISTED
    assert classify(550, "greylisted", "rcpt").kind is not RefusalClass.GREYLISTED


@pytest.mark.parametrize(
    ("text", "basis", "kind"),
    [
        ("5.2.2 user unknown", "text", RefusalClass.RECIPIENT_UNKNOWN),
        ("5.2.2 plugh", "status", RefusalClass.MAILBOX_FULL),
        ("5.7.1 plugh", "nothing", RefusalClass.UNKNOWN),
    ],
)
def test_words_beat_the_status_code_and_that_beats_the_reply(
    text: str, basis: str, kind: RefusalClass
) -> None:
    found = classify(550, text, "rcpt")
    assert (found.basis, found.kind) == (basis, kind)
    assert classify(556, "plugh", "rcpt").kind is RefusalClass.RECIPIENT_DOMAIN
    assert classify(556, text, "rcpt").basis == (basis if basis != "nothing" else "reply")


@pytest.mark.parametrize(
    "text",
    [
        "5.1.1 <spam@greylisted.relay.example>: plugh",
        "5.7.1 see https://quota.example/greylist/full",
        "5.7.1 plugh by mailbox.full.example",
        "5.7.1 plugh for dmarc@ptr.example",
    ],
)
def test_names_and_addresses_in_a_reply_say_nothing(text: str) -> None:
    kind = classify(550, text).kind
    assert kind is (RefusalClass.RECIPIENT_UNKNOWN if "5.1.1" in text else RefusalClass.UNKNOWN)


@pytest.mark.parametrize(
    ("text", "words", "enhanced"),
    [
        ("5.7.25 [192.0.2.1] No PTR", "ip no ptr", "7.25"),
        ("Host [2001:db8::1] doesn't pass", "host ip doesnt pass", ""),
        ("#5.1.0 Address <a@b.example> rejected.", "5 1 0 address addr rejected", "1.0"),
        (
            "listed at zen.spamhaus.org, not at mx.remote.example",
            "listed at zen spamhaus org not at host",
            "",
        ),
        ("Empfänger unbekannt, Größe", "empfanger unbekannt grosse", ""),
        ("from 192.0.2.1.Please wait", "from ip please wait", ""),
        ("no\n5.1.1 such\n5.1.1 user", "no such user", "1.1"),
        ("version 1.2.3.4 and 127.255.255.254", "version ip and 127 255 255 254", ""),
        ("RESOLVER.ADR.RecipNotFound; x", "resolver adr recipnotfound x", ""),
    ],
)
def test_the_words_of_a_reply(text: str, words: str, enhanced: str) -> None:
    read_words = normalized_reply(text, load().names)
    assert (read_words.text, read_words.enhanced) == (f" {words} ", enhanced)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("user unknown", "the user unknown here", True),
        ("user unknown", "superuser unknown", False),
        ("user .. unknown", "user addr in table x unknown", True),
        ("user .. unknown", "unknown user", False),
        ("user .. unknown", "user 1 2 3 4 5 6 7 8 9 unknown", False),
        ("does_not|doesnt exist", "it does not exist", True),
        ("does_not|doesnt exist", "it does exist", False),
        ("greylist*", "greylisting is on", True),
        ("greylist*", "no list", False),
    ],
)
def test_a_phrase(pattern: str, text: str, found: bool) -> None:
    assert Phrase(pattern).is_in(f" {text} ") is found


def test_the_rest_of_a_long_reply_is_not_read() -> None:
    assert classify(550, "x " * TEXT_LIMIT + "user unknown").kind is RefusalClass.UNKNOWN


def test_a_deferral_ends_by_waiting_only_where_the_table_says_so() -> None:
    fine = {kind for kind in RefusalClass if refusal_verdict(kind, 450) is Verdict.ADVISORY}
    assert fine == {RefusalClass.GREYLISTED, RefusalClass.RECIPIENT_RATE, RefusalClass.RECEIVER_FAULT}
    assert not any(refusal_verdict(kind, 550) is Verdict.ADVISORY for kind in RefusalClass)
    assert not any(refusal_verdict(kind, code) is Verdict.OK for kind in RefusalClass for code in (450, 550))
