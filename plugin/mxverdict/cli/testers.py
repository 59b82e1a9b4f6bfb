"""`mxverdict testers …`: the addresses of the testers, those found in the log, and the ones added here."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mxverdict.cli.common import command, print_json, progress, root_host
from mxverdict.cli.log import ago
from mxverdict.cli.window import actor
from mxverdict.sanitize import visible

if TYPE_CHECKING:
    from mxverdict.evidence.tester_candidate import Candidate
    from mxverdict.host import Host
    from mxverdict.testers import Catalogue, Tester

_PATIENCE = 120.0
_LINE = 300


def register(commands: Any) -> None:
    testers = commands.add_parser("testers", help="the testers' addresses, and new ones found in the log")
    actions = testers.add_subparsers(metavar="ACTION", required=True)
    listing = command(actions, "list", _list, "the addresses known of each tester")
    listing.add_argument(
        "--found", action="store_true", help="visitors that call themselves after a tester and are not known"
    )
    listing.add_argument(
        "--since", metavar="TIME", type=ago, default=ago("7d"), help="how far back, such as 24h (default: 7d)"
    )
    adding = command(actions, "add", _add, "keep an address as a tester's, once DNS has confirmed it")
    adding.add_argument("address", metavar="ADDRESS")
    adding.add_argument("--tester", default="mxtoolbox", metavar="NAME", help="whose (default: mxtoolbox)")
    adding.add_argument(
        "--force", action="store_true", help="although DNS does not confirm it; with --reason"
    )
    adding.add_argument("--reason", default="", metavar="TEXT", help="for the audit trail")
    removing = command(actions, "remove", _remove, "forget an address that was added here")
    removing.add_argument("address", metavar="ADDRESS")


def _list(options: argparse.Namespace) -> int:
    from mxverdict import testers

    host = root_host()
    known = testers.load(host=host)
    if options.found:
        return _found(host, known, options)
    if options.json:
        print_json({"testers": [_json(one) for one in known.testers], "trouble": known.load_error})
    else:
        for tester in known.testers:
            print(f"{tester.title} ({tester.name}){_whence(tester)}")
            print(f"  waits {tester.patience:g} s{' (settable)' if tester.settable else ''}")
            for one in tester.addresses:
                print(f"  {one.network}  {visible(one.name)}  {one.date}  {visible(one.source)}")
            if tester.setting:
                print(f"  > {tester.setting}")
        _say(known.load_error)
    return 3 if known.load_error else 0


def _found(host: Host, known: Catalogue, options: argparse.Namespace) -> int:
    from mxverdict.services.tester_addresses import candidates

    progress("reading Exim's log")
    found, remarks = candidates(host, time.time() - options.since, time.monotonic() + _PATIENCE)
    remarks += (known.load_error,) if known.load_error else ()
    if options.json:
        rows = [{**dataclasses.asdict(one), "confirmed": bool(one.name)} for one in found]
        print_json({"candidates": rows, "remarks": list(remarks)})
    else:
        _print_found(found, known)
        for remark in remarks:
            _say(remark)
    return 3 if remarks else 0


def _print_found(found: Sequence[Candidate], known: Catalogue) -> None:
    from mxverdict.services.tester_addresses import explain_mismatch

    if not found:
        print("No visitor calls itself after a tester without being known.")
    for one in found:
        tester = known.tester(one.visitor.tester)
        last = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(one.visitor.last))
        print(f"{one.visitor.address} called itself {visible(one.visitor.helo)}, last on {last}")
        print(f"  log: {visible(one.visitor.line, _LINE)}")
        if one.name:
            print(f"  confirmed: its reverse name is {visible(one.name)}, which leads back to it")
            print(f"  to add it: mxverdict testers add {one.visitor.address} --tester {tester.name}")
        else:
            print(f"  NOT confirmed as {tester.title}'s: {visible(explain_mismatch(one.reverse, tester))}")


def _add(options: argparse.Namespace) -> int:
    from mxverdict.services import tester_addresses

    host = root_host()
    added = tester_addresses.add(
        host, options.address, options.tester, actor(), reason=options.reason, force=options.force
    )
    if options.json:
        print_json({"added": added._asdict()})
    else:
        print(f"{added.network} is an address of {options.tester} from now on ({visible(added.source)}).")
        print("Test windows that are opened from now on include it.")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from mxverdict.services import tester_addresses

    gone = tester_addresses.remove(root_host(), options.address, actor())
    if options.json:
        print_json({"removed": gone._asdict()})
    else:
        print(f"{gone.address} is no address of {gone.tester} any more; an open window keeps it to its end.")
    return 0


def _whence(tester: Tester) -> str:
    """Return where its addresses are published, where they are not in the catalogue."""
    if tester.addresses:
        return ""
    page = tester.addresses_page
    return f": addresses at {page.address}" if page is not None else ": publishes no addresses"


def _json(tester: Tester) -> dict[str, Any]:
    page = tester.addresses_page
    return {
        "name": tester.name,
        "title": tester.title,
        "addresses": [one._asdict() for one in tester.addresses],
        "patience": tester.patience,
        "settable": tester.settable,
        "setting": tester.setting,
        "usual": tester.usual,
        "source": tester.patience_source,
        "date": tester.date,
        "addresses_page": page.address if page is not None else "",
    }


def _say(note: str) -> None:
    if note:
        print(f"Note: {visible(note)}")
