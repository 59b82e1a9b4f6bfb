"""What `mxverdict … --json` prints, held against the schemas that are published in docs/schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn, Optional

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from tests.sandbox.server_files import REPOSITORY

FOLDER = REPOSITORY / "docs/schema"
SUFFIX = ".schema.json"
_PROGRAM = "mxverdict.cli.main"


@cache
def schemas() -> dict[str, Any]:
    """The published schemas by name, such as `window-list`."""
    return {
        path.name[: -len(SUFFIX)]: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(FOLDER.glob(f"*{SUFFIX}"))
    }


def validator(name: str, among: Optional[dict[str, Any]] = None) -> Draft202012Validator:
    """Return a validator of one schema; `among` are schemas by name (default: the published ones)."""
    found = schemas() if among is None else among
    resources = ((f"{key}{SUFFIX}", Resource.from_contents(one)) for key, one in found.items())
    return Draft202012Validator(found[name], registry=Registry().with_resources(resources))


_published = cache(validator)


def schema_of(words: Sequence[str]) -> str:
    """Return the name of the schema for a command line without the name of the program."""
    command, action = words[0], next((word for word in words[1:] if not word.startswith("-")), "")
    if command == "window":
        return "window-dry-run" if "--dry-run" in words else "window-list" if action == "list" else "window"
    if command == "testers":
        return "testers-found" if "--found" in words else f"testers-{action}"
    return command


def validated(words: Sequence[object], text: str) -> Any:
    """Parse what `mxverdict WORDS` printed. AssertionError when it is not JSON or not as published."""
    found = json.loads(text, parse_constant=_no_json)
    failed = isinstance(found, dict) and "error" in found
    name = "error" if failed else schema_of([str(word) for word in words])
    wrong = best_match(_published(name).iter_errors(found))
    assert wrong is None, f"{name}{SUFFIX}, {wrong.json_path}: {wrong.message[:500]}"
    return found


def check_run(argv: Sequence[object], stdout: str) -> None:
    """Validate what a command printed when it was ours, with --json, and printed anything at all."""
    words = [str(word) for word in argv]
    if _PROGRAM in words and "--json" in words and stdout:
        validated(words[words.index(_PROGRAM) + 1 :], stdout)


def _no_json(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")
