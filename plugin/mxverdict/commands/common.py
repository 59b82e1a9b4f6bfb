"""What the commands of the command line share."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from mxverdict.errors import UsageError
from mxverdict.host import Host


def command(commands: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    """A new command of `commands` (sub-parsers) that calls `run(options)`, with `--json`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:]
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def tester_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tester", action="append", default=[], metavar="NAME", help="only this tester (may be repeated)"
    )


def seconds(text: str) -> float:
    """An option's number of seconds. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number of seconds up to 600")
    return value


def root_host() -> Host:
    """The server. Raises UsageError for anybody but root."""
    if os.geteuid() != 0:
        raise UsageError("only root can ask Exim and change its lists; run it as root")
    return Host.from_environment()


def progress(step: str) -> None:
    if sys.stderr.isatty():
        print(f"… {step}", file=sys.stderr)


def print_json(data: dict[str, Any]) -> None:
    print(json.dumps({"schema": 1, **data}, indent=2))
