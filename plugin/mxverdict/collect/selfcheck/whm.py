"""Asks WHM API 1 each function that the product reads with, once, and looks at the shape of the answers.

Nothing here changes the server. Functions that write (also `nat_checkip`, which is named as if it did not)
are only looked for in the list of functions."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Optional

from mxverdict.collect.selfcheck.shapes import ABSENT, SHAPES, faults, json_type
from mxverdict.errors import CommandNotFoundError, CommandTimeout, WhmUnreachable
from mxverdict.evidence.selfcheck import ApiCall, WhmFacts
from mxverdict.host import Host
from mxverdict.whm.api import envelope
from mxverdict.whm.localopts import KEY

TIMEOUT = 20.0
_AT_A_TIME = 4
WRITING = (
    "set_tweaksetting", "create_cpgreylist_trusted_host", "delete_cpgreylist_trusted_host",
)  # fmt: skip
"""Functions that test windows change something with."""
_SETTING = ("module=Mail", f"key={KEY}")
_NO_KEY = ("module=Mail", "key=mxverdict_no_such_setting")
CALLS: dict[str, tuple[str, ...]] = {
    "version": ("version",),
    "gethostname": ("gethostname",),
    "listips": ("listips",),
    "get_tweaksetting": ("get_tweaksetting", *_SETTING),
    "contact": ("get_tweaksetting", "module=Basic", "key=CONTACTEMAIL"),
    "cpgreylist_status": ("cpgreylist_status",),
    "read_cpgreylist_trusted_hosts": ("read_cpgreylist_trusted_hosts",),
    "get_domain_info": ("get_domain_info",),
    "applist": ("applist",),
    "refused": ("get_tweaksetting", *_NO_KEY),
    "unknown_function": ("mxverdict_no_such_function",),
    "decoding": ("get_tweaksetting", "module=Mail", f"key={KEY.replace('_', '%5F', 1)}"),
    "batch": (
        "batch",
        "command-0=version",
        f"command-1=get_tweaksetting?{'&'.join(_NO_KEY)}",
    ),
}
"""What is asked, by the name of the call in the evidence."""
_JUDGED = tuple(name for name in CALLS if name not in ("decoding", "batch"))
_VERSION = re.compile(r"11\.\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)
_LIST_NAMES = re.compile(
    r"senderverify|skipsmtpcheck|trustedmailhost|backupmx|spammeripblock|iplist", re.ASCII
)


@dataclass(frozen=True)
class _Answer:
    outcome: str
    data: dict[str, Any] = field(default_factory=dict)
    status: Optional[int] = None
    result: Optional[int] = None


def whm_facts(host: Host) -> WhmFacts:
    """Never raises. A WHM that does not answer the first question is not asked the others."""
    answers = {"version": _ask(host, CALLS["version"])}
    rest = [name for name in CALLS if name != "version"]
    if answers["version"].outcome in ("ok", "refused"):
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            answers.update(zip(rest, pool.map(lambda name: _ask(host, CALLS[name]), rest)))
    else:
        answers.update(dict.fromkeys(rest, _Answer("not_asked")))
    greylisting = answers["cpgreylist_status"].data.get("is_enabled")
    functions = _names(answers["applist"].data.get("app"))
    batch = answers["batch"].data.get("result")
    return WhmFacts(
        version=cpanel_version(str(answers["version"].data.get("version", ""))),
        calls=tuple(_call(name, answers[name]) for name in _JUDGED),
        greylisting=None if greylisting is None else str(greylisting) == "1",
        functions=tuple(name for name in WRITING if name in functions),
        list_functions=sum(bool(_LIST_NAMES.search(name)) for name in functions),
        listed=bool(functions),
        decodes=_decodes(answers["get_tweaksetting"], answers["decoding"]),
        batch=answers["batch"].result,
        batch_answers=len(batch) if isinstance(batch, list) and len(batch) <= 2 else 0,
    )


def cpanel_version(text: str) -> str:
    """The text when it has the form of cPanel's version, otherwise ""."""
    return text.strip() if _VERSION.fullmatch(text.strip()) else ""


def _ask(host: Host, arguments: tuple[str, ...]) -> _Answer:
    try:
        done = host.run([host.whmapi1, "--output=json", *arguments], timeout=TIMEOUT)
    except CommandNotFoundError:
        return _Answer("unreachable")
    except CommandTimeout:
        return _Answer("timeout")
    try:
        answer = envelope(arguments[0], done.stdout)
    except (WhmUnreachable, RecursionError):
        return _Answer("not_json", status=done.status)
    result = 1 if str(answer["metadata"].get("result")) == "1" else 0
    data = answer.get("data")
    return _Answer("ok" if result else "refused", data if isinstance(data, dict) else {}, done.status, result)


def _call(name: str, answer: _Answer) -> ApiCall:
    function = CALLS[name][0]
    wrong = faults(answer.data, SHAPES[function]) if answer.outcome == "ok" and function in SHAPES else ()
    value = ""
    if answer.outcome == "ok" and function == "get_tweaksetting":
        setting = answer.data.get("tweaksetting")
        there = isinstance(setting, dict) and "value" in setting
        value = json_type(setting["value"]) if isinstance(setting, dict) and there else ABSENT
    return ApiCall(name, answer.outcome, wrong, value, answer.status)


def _names(value: object) -> frozenset[str]:
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()


def _decodes(plain: _Answer, coded: _Answer) -> Optional[bool]:
    """Whether the function understood the key with an encoded character in it."""
    if plain.outcome != "ok" or coded.outcome not in ("ok", "refused"):
        return None
    return coded.outcome == "ok"
