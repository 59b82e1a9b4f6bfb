"""Which of this server's addresses a target leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mxverdict.collect.server import Server, is_local
from mxverdict.errors import NoLocalTargetError
from mxverdict.evidence import Target
from mxverdict.i18n.message import Message

TARGETS_LIMIT = 8
"""How many of the server's addresses a check without a target looks at."""


def own_targets(led: Mapping[str, Sequence[str]], server: Server) -> dict[str, tuple[Target, ...]]:
    """This server's addresses among those that each target leads to (`led`: addresses by target)."""
    own = {target.address: target for target in server.targets}
    own.update({target.local_address: target for target in server.targets})
    found = {}
    for text, addresses in led.items():
        strangers = [address for address in addresses if address not in own]
        own.update({address: Target(address, address) for address in strangers if is_local(address)})
        found[text] = tuple(dict.fromkeys(own[address] for address in addresses if address in own))
    return found


def listed_first(found: Iterable[Target], server: Server) -> list[Target]:
    """Each target once, in the order of WHM's list, those that it lacks at the end."""
    distinct = dict.fromkeys(found)
    listed = [target for target in server.targets if target in distinct]
    return listed + [target for target in distinct if target not in listed]


def usual_targets(addresses: Sequence[str], server: Server, remarks: list[str]) -> list[Target]:
    """What to look at when nobody named a target: `addresses`, those of the server's name, as far as they are
    its own, and the first of WHM's list. Raises NoLocalTargetError when there is none."""
    found = [*own_targets({"": addresses}, server)[""], *server.targets[:TARGETS_LIMIT]]
    if len(server.targets) > TARGETS_LIMIT:
        remarks.append(
            Message(
                "{count} of {total} addresses were checked; name others as targets",
                count=TARGETS_LIMIT,
                total=len(server.targets),
            )
        )
    if not found:
        raise NoLocalTargetError(remarks[-1] if remarks else Message("no address of this server was found"))
    return listed_first(found, server)
