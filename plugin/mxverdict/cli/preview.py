"""`mxverdict preview`: what Exim does to each tester, or to an address."""

from __future__ import annotations

import argparse
from typing import Any

from mxverdict.cli.common import (
    close_expired_quietly,
    command,
    exit_on_interrupt,
    print_json,
    root_host,
    tester_option,
)


def register(commands: Any) -> None:
    preview = command(commands, "preview", _preview, "what Exim does to each tester, or to an address")
    preview.add_argument(
        "addresses", nargs="*", metavar="ADDRESS", help="IP addresses (default: the testers')"
    )
    tester_option(preview)


def _preview(options: argparse.Namespace) -> int:
    from mxverdict.collect.collector import preview_addresses
    from mxverdict.report.preview import preview_json, preview_lines
    from mxverdict.services.check import select_testers

    host = root_host()
    testers = select_testers(options.tester, host)
    close_expired_quietly(host)
    exit_on_interrupt()
    previews = preview_addresses(host, options.addresses, testers)
    if options.json:
        print_json({"previews": [preview_json(preview) for preview in previews]})
    else:
        print("\n".join(line for preview in previews for line in preview_lines(preview)))
    if any(not preview.understood for preview in previews):
        return 3
    return 1 if any(preview.failure for preview in previews) else 0
