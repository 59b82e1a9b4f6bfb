"""Main options of Exim's configuration as Exim itself reads them (Exim specification, option -bP)."""

from __future__ import annotations

from mxverdict.errors import HostError
from mxverdict.host import Host

_TIMEOUT = 10.0


def exim_options(host: Host, *names: str) -> dict[str, str]:
    """The values by name; {} when Exim does not print them."""
    try:
        said = host.run([host.exim, "-bP", *names], timeout=_TIMEOUT).stdout
    except HostError:
        return {}
    rows = (line.partition("=") for line in said.splitlines())
    return {name.strip(): value.strip() for name, found, value in rows if found and name.strip() in names}
