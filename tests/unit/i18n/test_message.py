"""Messages: sentences with their templates and values kept apart, in the language of whoever reads them."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from pathlib import Path

import pytest

from mxverdict.errors import HostError, WhmApiError
from mxverdict.i18n import message
from mxverdict.i18n.message import Message, message_of, translate
from tests.spoken import speaking

_GERMAN = {
    "{path} cannot be read: {error}": "{path} ist nicht lesbar: {error}",
    "the disk is full": "die Platte ist voll",
    "WHM refused {function}: {reason}": "WHM verweigert {function}: {reason}",
    "no reason given": "ohne Grund",
}
_FULL = Message("the disk is full")
_UNREADABLE = Message("{path} cannot be read: {error}", path="/etc/x", error=_FULL)


@dataclasses.dataclass(frozen=True)
class _Kept:
    text: str
    lines: tuple[str, ...]


def test_it_is_english_as_a_string() -> None:
    assert _UNREADABLE == "/etc/x cannot be read: the disk is full"
    assert f"{_UNREADABLE}" == str(_UNREADABLE) == "/etc/x cannot be read: the disk is full"


def test_it_is_translated_with_the_messages_within(tmp_path: Path) -> None:
    with speaking(tmp_path, _GERMAN):
        assert translate(_UNREADABLE) == "/etc/x ist nicht lesbar: die Platte ist voll"
        assert translate("the disk is full") == "the disk is full"


@pytest.mark.parametrize(
    "error", [HostError(_UNREADABLE), WhmApiError("version", Message("no reason given"))]
)
def test_an_exception_has_the_message_that_it_was_raised_with(error: Exception, tmp_path: Path) -> None:
    assert message_of(error) == str(error)
    with speaking(tmp_path, _GERMAN):
        assert translate(error) != str(error)
        within = Message("{path} cannot be read: {error}", path="/etc/y", error=error)
        assert translate(within) == f"/etc/y ist nicht lesbar: {translate(error)}"


def test_joined_messages_are_translated_each_by_itself(tmp_path: Path) -> None:
    joined = message.join([_FULL, "from outside", _UNREADABLE])
    assert joined == f"{_FULL}; from outside; {_UNREADABLE}"
    assert message.join([_FULL]) is _FULL
    assert message.join([]) == ""
    with speaking(tmp_path, _GERMAN):
        assert translate(joined) == f"die Platte ist voll; from outside; {translate(_UNREADABLE)}"


@pytest.mark.parametrize("kept", [_UNREADABLE, _FULL, message.join([_FULL, _UNREADABLE]), "a plain text", ""])
def test_it_goes_through_json(kept: str, tmp_path: Path) -> None:
    back = message.from_json(json.loads(json.dumps(message.to_json(kept))))
    assert back == kept
    with speaking(tmp_path, _GERMAN):
        assert translate(back) == translate(kept)


def test_it_is_a_text_where_json_is_for_others() -> None:
    assert json.loads(json.dumps({"error": _UNREADABLE})) == {"error": str(_UNREADABLE)}


def test_messages_within_other_data_are_kept_as_such() -> None:
    data = dataclasses.asdict(_Kept(_FULL, (_UNREADABLE, "plain")))
    kept = message.to_json(data)
    assert kept["text"] == {"msg": "the disk is full", "values": {}}
    assert kept["lines"][0]["values"]["error"] == {"msg": "the disk is full", "values": {}}
    assert kept["lines"][1] == "plain"


@pytest.mark.parametrize("copied", [copy.deepcopy(_UNREADABLE), pickle.loads(pickle.dumps(_UNREADABLE))])
def test_a_copy_is_the_same_message(copied: str) -> None:
    assert isinstance(copied, Message)
    assert (copied.template, copied.values) == (_UNREADABLE.template, _UNREADABLE.values)


def _nested(depth: int) -> object:
    return {"msg": "{x}", "values": {"x": _nested(depth - 1)}} if depth else "end"


@pytest.mark.parametrize(
    "data",
    [None, 1, [], {}, {"msg": "a"}, {"msg": 1, "values": {}}, {"msg": "a", "values": []}, _nested(50),
     {"msg": "a", "values": {"x": 1}}, {"msg": "a", "values": {}, "more": 1}],
)  # fmt: skip
def test_what_is_no_message_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="neither a text nor a message"):
        message.from_json(data)


@pytest.mark.parametrize(
    ("template", "text"),
    [("{x.__class__}", "{x.__class__}"), ("{x!r:>99999999}", "{x!r:>99999999}"), ("{0}", "{0}"), ("{", "{"),
     ("{y} {x}", "{y} X"), ("%(x)s", "%(x)s")],
)  # fmt: skip
def test_a_template_from_a_file_reaches_nothing_but_its_values(template: str, text: str) -> None:
    assert message.from_json({"msg": template, "values": {"x": "X"}}) == text


def test_a_template_is_filled_in_later(tmp_path: Path) -> None:
    template = Message("{path} cannot be read: {error}")
    with speaking(tmp_path, _GERMAN):
        assert (
            translate(template.format(path="/x", error=_FULL)) == "/x ist nicht lesbar: die Platte ist voll"
        )
