"""Sentences that are kept or raised before it is known who reads them, and in which language.

Standard library only: the keeper uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union

from mxverdict.i18n import catalog
from mxverdict.sanitize import escape_control

_FIELD = re.compile(r"\{(\w+)\}")
_PART = re.compile(r"_\d+")
_MESSAGE = "msg"
_VALUES = "values"
_MAX_DEPTH = 8
"""Messages within messages; what is kept deeper in a file is none of ours."""


class Message(str):
    """A sentence in English as a string, with its template and its values kept apart.

    A value is a message again, or text from outside; an exception that was raised with a message is that one.
    """

    template: str
    values: Mapping[str, str]

    def __new__(cls, template: str, /, **values: object) -> Message:
        texts = {name: message_of(value) for name, value in values.items()}
        message = super().__new__(cls, _filled(template, texts))
        message.template = template
        message.values = texts
        return message

    def format(self, *_: object, **values: object) -> Message:
        """Return the message with values for the fields of its template."""
        return Message(self.template, **values)

    def with_values(self, change: Callable[[str], str]) -> Message:
        """Return the message with each of its values changed."""
        return _restored(self.template, {name: change(value) for name, value in self.values.items()})

    def translated(self) -> str:
        """Return it in the current language."""
        return _filled(
            catalog.gettext(self.template), {name: translate(value) for name, value in self.values.items()}
        )

    def __deepcopy__(self, memo: object) -> Message:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.template, dict(self.values))


def translate(text: object) -> str:
    """Return a message, or the message of an exception, in the current language; other text as it is."""
    message = message_of(text)
    return message.translated() if isinstance(message, Message) else message


def message_of(value: object) -> str:
    """Return the message that `value` is or was raised with; else its text."""
    if isinstance(value, Message):
        return value
    if isinstance(value, BaseException) and value.args and isinstance(value.args[0], Message):
        return value.args[0]
    return str(value)


def shortened(error: BaseException, limit: int = 100) -> str:
    """Return the message that `error` was raised with; of another error `limit` characters of its text."""
    text = message_of(error)
    return text if isinstance(text, Message) else text[:limit]


def join(parts: Iterable[str], separator: str = "; ") -> str:
    """Return messages as one, each translated by itself; "" of none."""
    texts = list(parts)
    if len(texts) < 2:
        return texts[0] if texts else ""
    names = [f"_{number}" for number in range(1, len(texts) + 1)]
    template = separator.join(f"{{{name}}}" for name in names)
    return _restored(template, dict(zip(names, texts)))


def parts_of(text: str) -> tuple[str, ...]:
    """Return the messages that `join` put together; a text alone, "" as none."""
    if isinstance(text, Message) and text.values and all(map(_PART.fullmatch, text.values)):
        return tuple(text.values.values())
    return (text,) if text else ()


def escape_message(text: str) -> str:
    """Return `escape_control` of a text; of a message, with each value so changed."""
    return text.with_values(escape_message) if isinstance(text, Message) else escape_control(text)


def to_json(data: Any) -> Any:
    """Return JSON data with each message in it as its template and values, to be kept."""
    if isinstance(data, Message):
        return {_MESSAGE: data.template, _VALUES: to_json(dict(data.values))}
    if isinstance(data, dict):
        return {key: to_json(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [to_json(value) for value in data]
    return data


def from_json(data: object, depth: int = 0) -> str:
    """Return the message, or the text of an earlier version, that `to_json` has kept. Raises ValueError."""
    if isinstance(data, str):
        return data
    if depth < _MAX_DEPTH and isinstance(data, dict) and data.keys() == {_MESSAGE, _VALUES}:
        template, values = data[_MESSAGE], data[_VALUES]
        if isinstance(template, str) and isinstance(values, dict):
            return _restored(template, {str(name): from_json(one, depth + 1) for name, one in values.items()})
    raise ValueError("neither a text nor a message")


def _restored(template: str, values: Mapping[str, Union[str, Message]]) -> Message:
    message: Message = str.__new__(Message, _filled(template, values))
    message.template = template
    message.values = values
    return message


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A field without a value stays: what was kept by another version may have other ones."""
    return _FIELD.sub(lambda field: str(values.get(field[1], field[0])), template)
