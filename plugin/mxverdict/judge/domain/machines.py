"""Which host names lead to the same machine: those that share an address, and all that are this server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def machines(
    addresses: Mapping[str, Iterable[str]], own: frozenset[str] = frozenset()
) -> list[tuple[str, ...]]:
    """Return the names in groups, one for each machine, in the order of `addresses` (addresses by name).

    `own` are the addresses of this server. A name without an address is a machine of its own: nothing is
    known of it.
    """
    groups: list[tuple[list[str], set[str]]] = []
    for name, found in addresses.items():
        held = set(found)
        names = [name]
        if held & own:
            held |= own
        for group in [one for one in groups if one[1] & held]:
            groups.remove(group)
            names = [*group[0], *names]
            held |= group[1]
        groups.append((names, held))
    order = list(addresses)
    sorted_names = (tuple(sorted(names, key=order.index)) for names, _held in groups)
    return sorted(sorted_names, key=lambda names: order.index(names[0]))
