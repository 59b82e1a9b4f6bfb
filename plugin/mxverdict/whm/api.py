"""WHM API 1: one interface, two transports. This file holds what both share and the local one.

`metadata.result` decides whether a call succeeded; exit status and HTTP 200 say nothing. The local transport
needs no token and no cpsrvd (whmapi1, cPanel documentation "Guide to WHM API 1"). Standard library only: the
keeper uses it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Union
from urllib.parse import quote, urlencode

from mxverdict.errors import (
    CommandNotFoundError,
    CommandTimeout,
    WhmApiError,
    WhmError,
    WhmForbidden,
    WhmUnreachable,
)
from mxverdict.host import Host
from mxverdict.i18n.message import Message, message_of

TIMEOUT = 30.0
CHANGES = frozenset({"set_tweaksetting", "create_cpgreylist_trusted_host", "delete_cpgreylist_trusted_host"})
"""Functions we call that change something: what a killed process of ours left of them can still do so."""

Call = tuple[str, dict[str, str]]
Answer = Union[dict[str, Any], WhmError]


class WhmApi(ABC):
    """`call` runs one function and returns its `data`; `batch` runs several in one request.

    Both raise WhmUnreachable (no usable answer), WhmForbidden (not allowed) and WhmApiError (WHM said no);
    `batch` does so for the request as a whole alone.
    """

    @abstractmethod
    def request(self, function: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The whole envelope of one call: `data` and `metadata`."""

    def call(self, function: str, **parameters: str) -> dict[str, Any]:
        return _data(function, self.request(function, list(parameters.items())))

    def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """Return the answers in order; a call without a usable one is represented by its WhmError.

        One refused call makes the `metadata.result` of the whole 0, while the list holds all answers: the
        list counts wherever its length fits (api.docs.cpanel.net, WHM API 1, batch).
        """
        commands = [
            (f"command-{number}", f"{function}?{urlencode(parameters)}")
            for number, (function, parameters) in enumerate(calls)
        ]
        answer = self.request("batch", commands)
        data = answer.get("data")
        results = data.get("result") if isinstance(data, dict) else None
        if not isinstance(results, list) or len(results) != len(calls):
            _data("batch", answer)
            raise WhmUnreachable("batch", Message("the answer does not fit the question"))
        return [_data_or_error(function, result) for (function, _), result in zip(calls, results)]


class LocalWhmApi(WhmApi):
    """Runs whmapi1 as root on the server itself. `timeout` is per request, in seconds."""

    def __init__(self, host: Host, timeout: float = TIMEOUT) -> None:
        self.host = host
        self.timeout = timeout

    def request(self, function: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        arguments = [f"{key}={quote(value, safe='/:,.-_ ?=&')}" for key, value in parameters]
        try:
            done = self.host.run(
                [self.host.whmapi1, "--output=json", function, *arguments],
                timeout=self.timeout,
                remember_as=function if function in CHANGES else "",
            )
        except (CommandNotFoundError, CommandTimeout) as error:
            raise WhmUnreachable(function, message_of(error)) from error
        return envelope(function, done.stdout)


def envelope(function: str, text: str) -> dict[str, Any]:
    """The JSON object WHM answered with. Raises WhmUnreachable when the text is none."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("metadata"), dict):
        raise WhmUnreachable(function, Message("the answer is no WHM API 1 JSON"))
    return answer


def _data_or_error(function: str, answer: object) -> Answer:
    """One entry of a batch's list. It names the function it answers, so an exchanged one is found."""
    try:
        if not isinstance(answer, dict):
            raise WhmUnreachable(function, Message("the answer is no WHM API 1 JSON"))
        data = _data(function, answer)
        if answer["metadata"].get("command", function) != function:
            raise WhmUnreachable(function, Message("the answer does not fit the question"))
    except WhmError as error:
        return error
    return data


def _data(function: str, answer: dict[str, Any]) -> dict[str, Any]:
    metadata = answer.get("metadata")
    if not isinstance(metadata, dict):
        raise WhmUnreachable(function, Message("the answer is no WHM API 1 JSON"))
    if str(metadata.get("result")) != "1":
        reason = str(metadata.get("reason") or Message("no reason given"))
        if "permission" in reason.lower() or "access denied" in reason.lower():
            raise WhmForbidden(function, reason)
        raise WhmApiError(function, reason)
    data = answer.get("data") or {}
    if not isinstance(data, dict):
        raise WhmUnreachable(function, Message("the answer holds no data object"))
    if isinstance(metadata.get("output"), dict):
        data = {**data, "output": str(metadata["output"].get("raw") or "")}
    return data
