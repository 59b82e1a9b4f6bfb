"""cPanel and Exim builds with publicly known vulnerabilities."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence.selfcheck import Selfcheck
from mxverdict.judge.selfcheck.item import HOLE, OK, UNKNOWN, Item
from mxverdict.testers import known_holes
from mxverdict.testers.known_holes import CPANEL, EXIM, Hole

_UPDATES = {
    CPANEL: "Update cPanel: /usr/local/cpanel/scripts/upcp.",
    EXIM: "Update cPanel, which brings Exim; see the package's change log for fixes that keep the number.",
}


def build_items(evidence: Selfcheck) -> list[Item]:
    return [
        _item(CPANEL, evidence.cpanel_version or evidence.whm.version),
        _item(EXIM, evidence.exim.version),
    ]


def _item(product: str, version: str) -> Item:
    expected = (
        f"none of the vulnerabilities in MX Verdict's list of {known_holes.date()}, which is not complete"
    )
    known = known_holes.holes_of(product, version)
    if known is None:
        return Item(f"build.{product}", UNKNOWN, version or "cannot be told", expected, _UPDATES[product])
    holes, unclear = known
    found = version
    if holes:
        found += f" has {_named(holes)}"
    if unclear:
        found += f"; the number does not tell whether the package has the fix of {_named(unclear)}"
    return Item(
        f"build.{product}", HOLE if holes else OK, found, expected, _UPDATES[product] if holes else ""
    )


def _named(holes: Sequence[Hole]) -> str:
    return ", ".join(f"{one.id} ({one.what}; fixed in {', '.join(one.fixed)}; {one.date})" for one in holes)
