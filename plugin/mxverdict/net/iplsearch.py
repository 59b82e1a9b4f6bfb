"""Host list files in Exim's iplsearch format (Exim specification, chapter "File and database lookups").

One key per line, ended by a colon or white space; IPv4 or CIDR, IPv6 in double quotes. Blank lines and lines
that begin with `#` do not count; a line that begins with white space continues the one before it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Optional

from mxverdict.net.address import Network
from mxverdict.net.networks import covered

_QUOTED = re.compile(rb'"([^"\\]*)"')
_BARE = re.compile(rb"[^:\s]+")
_PARTS = re.compile(rb"[^\n]*\n|[^\n]+")


def line_of(network: Network) -> str:
    """The line that matches exactly this network."""
    single = network.prefixlen == network.max_prefixlen
    text = str(network.network_address) if single else str(network)
    return text if network.version == 4 else f'"{text}"'


def networks(content: bytes) -> list[Network]:
    """Every network that the file matches; keys that are none are left out."""
    return [network for network, _ in commented(content)]


def commented(content: bytes) -> list[tuple[Network, str]]:
    """Every network that the file matches, with what its line says behind it (cPanel: `CIDR # name`)."""
    found = ((_network(key), comment) for key, comment in _lines(content))
    return [(network, comment) for network, comment in found if network is not None]


def may_match(content: bytes, network: Network) -> bool:
    """Whether the file matches the network, or holds a key whose meaning is not known, such as `*`."""
    keys = [_network(key) for key, _ in _lines(content)]
    return None in keys or covered(network, [key for key in keys if key is not None])


def _lines(content: bytes) -> Iterator[tuple[bytes, str]]:
    """Keys, and the text behind each."""
    for line in content.split(b"\n"):
        if not line.strip() or line[:1].isspace() or line.startswith(b"#"):
            continue
        quoted = _QUOTED.match(line)
        bare = _BARE.match(line)
        if quoted is not None:
            yield quoted[1], _comment(line[quoted.end() :])
        elif bare is not None:
            yield bare[0], _comment(line[bare.end() :])


def _comment(text: bytes) -> str:
    return text.decode(errors="replace").strip(": \t\r#")


def _network(key: bytes) -> Optional[Network]:
    try:
        return ipaddress.ip_network(key.decode("ascii"), strict=False)
    except ValueError:
        return None


def missing(content: bytes, wanted: Sequence[Network]) -> list[Network]:
    """Those networks that the file does not match as a whole."""
    present = networks(content)
    return [network for network in wanted if not covered(network, present)]


def add(content: bytes, lines: Sequence[str]) -> bytes:
    """Put the lines in front: what an unfinished last line or a NUL byte in it makes of the next line is no
    matter there (Exim takes the line after a NUL byte for the rest of the same line)."""
    return b"".join(line.encode("ascii") + b"\n" for line in lines) + content


def remove(
    content: bytes,
    lines: Sequence[str],
    exact: Sequence[str] = (),
    others: Sequence[str] = (),
    in_front: Sequence[str] = (),
) -> tuple[bytes, list[str]]:
    """Take one instance of each line out again, the first one, and name those that are not there any more.

    A line counts as ours only while it holds nothing else. Blanks or a carriage return that an editor put at
    its end do not matter, nor do quotes that it put or took away, unless the line is one of `exact`.
    Of `others`, like lines that must stay, `in_front` stand before ours.
    """
    parts = _PARTS.findall(content)
    gone: list[str] = []
    for line in lines:
        same, equivalent = _places(parts, line, line in exact)
        found = same or equivalent
        if len(same) + len(equivalent) <= others.count(line):
            gone.append(line)
        else:
            del parts[found[min(in_front.count(line), len(found) - 1)]]
    return b"".join(parts), gone


def without(content: bytes, lines: Sequence[str]) -> bytes:
    """The content less every instance of those lines."""
    parts = _PARTS.findall(content)
    for line in lines:
        same, equivalent = _places(parts, line, False)
        parts = [part for n, part in enumerate(parts) if n not in same and n not in equivalent]
    return b"".join(parts)


def present(content: bytes, lines: Sequence[str]) -> list[str]:
    """Those lines that `remove` would find."""
    parts = _PARTS.findall(content)
    return [line for line in lines if any(_places(parts, line, False))]


def _places(parts: Sequence[bytes], line: str, exact: bool) -> tuple[list[int], list[int]]:
    """Return where the line is, and where it is with quotes added or removed."""
    ours = line.encode("ascii")
    texts = [part.rstrip(b" \t\r\n") for part in parts]
    same = [n for n, text in enumerate(texts) if text == ours]
    bare = ours.strip(b'"')
    equivalent = (
        [] if exact else [n for n, text in enumerate(texts) if text != ours and text.strip(b'"') == bare]
    )
    return same, equivalent
