"""The command `/usr/local/cpanel/bin/whmapi1 [--output=json|jsonpretty|yaml] FUNCTION [key=value …]`.

Runs as root, values are URI-decoded, the answer goes to standard output; standard error may carry noise that
means nothing. The exit status is 0 even when the result is 0 (see `faults` for the other case).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from tests.sandbox.whm import api, faults
from tests.sandbox.whm.access import ROOT

_NOISE = "Use of uninitialized value $setting in string eq at Whostmgr/TweakSettings.pm line 1.\n"


def main(root: Path, arguments: list[str]) -> int:
    options = [word for word in arguments if word.startswith("--")]
    words = [word for word in arguments if not word.startswith("--")]
    if not words:
        print("Usage: whmapi1 [--output=json|jsonpretty|yaml] FUNCTION [key=value …]", file=sys.stderr)
        return 1
    garbage = faults.instead_of_an_answer(root, "whmapi1")
    if garbage is not None:
        sys.stdout.write(garbage)
        return 0
    function, *pairs = words
    given = api.parameters(
        (key, unquote_plus(value)) for key, _, value in (pair.partition("=") for pair in pairs)
    )
    answer = api.answer(root, ROOT, function, given)
    if function in {"set_tweaksetting", "restartservice"}:
        sys.stderr.write(_NOISE)
    print(_print(answer, options))
    return 0 if answer["metadata"]["result"] else int(faults.content(root, "whmapi1-exit-status") or 0)


def _print(answer: dict[str, Any], options: list[str]) -> str:
    """YAML is the default output; JSON after a document mark is valid YAML."""
    if "--output=json" in options:
        return json.dumps(answer, separators=(",", ":"))
    pretty = json.dumps(answer, indent=3)
    return pretty if "--output=jsonpretty" in options else "---\n" + pretty
