"""The testers we know: data with source and date, and the loader for it.

Standard library only: the keeper reads the addresses too.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Optional
from urllib.parse import quote

from mxverdict.errors import UsageError
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import Message
from mxverdict.net.address import Network
from mxverdict.testers import local_addresses

if TYPE_CHECKING:
    from mxverdict.host import Host

CATALOGUE = Path(__file__).with_name("catalogue.json")

MXTOOLBOX = "mxtoolbox"
ALL = "all"
"""In place of a tester's name: every one of the catalogue."""

UNKNOWN_HOSTS = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Stand for "any host the server does not know", by IP version (RFC 5737 and RFC 3849)."""


def titles(names: Sequence[str], known: Sequence[Tester]) -> str:
    """Return the title of a tester or, by commas, of several; what is no tester's name stays as it is."""
    titled = {one.name: one.title for one in known}
    return ", ".join(titled.get(name, name) for name in names)


def format_sources(addresses: Iterable[str]) -> str:
    """Return the `addresses` of a tester for people; those of `UNKNOWN_HOSTS` mean any other."""
    unknown = set(UNKNOWN_HOSTS.values())
    return ", ".join(dict.fromkeys(_("any unknown address") if a in unknown else a for a in addresses))


class TesterAddress(NamedTuple):
    """One source of a tester: a network (CIDR), its reverse name, when (ISO date) and where it was seen.
    `added` ones come from this server's own file."""

    network: str
    name: str
    date: str
    source: str
    added: bool = False

    @property
    def example(self) -> str:
        """Return one address of the network to preview: the address itself, or the first host."""
        network = ipaddress.ip_network(self.network)
        return str(network[0] if network.num_addresses == 1 else network[1])


class TesterPage(NamedTuple):
    """Where people run the test. `address` (https) may hold `{host}`, the place of the server's name."""

    address: str
    date: str
    source: str

    def of(self, host: str) -> str:
        """Return the address for a host name or IP address; "" when it needs one and there is none."""
        if not host and "{host}" in self.address:
            return ""
        return self.address.replace("{host}", quote(host, safe=""))


class Tester(NamedTuple):
    """An outside service that grades servers.

    `patience` is how long it waits for each reply (seconds). `report` says which rows it prints:
    `mxtoolbox` (the full SMTP report), `starttls` (greeting and STARTTLS), `greeting` (greeting alone),
    `connect` (that the port is open). `settable` says whether its user can change the patience, `setting` is
    a message for `catalog.gettext`: the exact setting, there or on this server, that ends its false alarms.
    `usual` testers are looked at when none is named. A line of the greeting, code included, has to match
    the regular expression `expects` ("": any will do). One run opens about `connections`. Below a line
    `echo` it prints its own settings. `domains` hold the reverse names of its addresses; without any, no
    address can prove that it is its.
    `page` is None for a program that people run themselves, `addresses_page` where its addresses are
    published. `date` (ISO) is when its data was last looked at, `texts_source` where its words are from
    (`texts_estimated`: they were not seen).
    `printed` holds more of what it prints, each a
    level and the words, as they were seen.
    """

    name: str
    title: str
    patience: float
    patience_source: str
    report: str
    ehlo: str
    addresses: tuple[TesterAddress, ...]
    mail_from: str = ""
    rcpt_to: str = ""
    warn_seconds: float = 0.0
    bad_seconds: float = 0.0
    thresholds_source: str = ""
    row: str = ""
    ok_text: str = ""
    timeout_text: str = ""
    no_starttls_text: str = ""
    domains: tuple[str, ...] = ()
    page: Optional[TesterPage] = None
    printed: tuple[tuple[str, str], ...] = ()
    settable: bool = False
    setting: str = ""
    usual: bool = True
    expects: str = ""
    expects_source: str = ""
    connections: int = 1
    connections_source: str = ""
    addresses_page: Optional[TesterPage] = None
    date: str = ""
    texts_source: str = ""
    texts_estimated: bool = False
    echo: str = ""

    def owns(self, name: str) -> bool:
        """Whether a host name is one of its domains or below one."""
        labels = name.lower().rstrip(".")
        return any(labels == domain or labels.endswith(f".{domain}") for domain in self.domains)

    @property
    def rule(self) -> str:
        """Return the identifier of what its one row is about (`mxverdict.rules`); "" for a full report."""
        rules = {"starttls": "smtp.starttls", "greeting": "smtp.greeting", "connect": "smtp.connect"}
        return rules.get(self.report, "")

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(address.network) for address in self.addresses)

    def printed_text(self, text: str, address: str, host: str) -> str:
        """Return one of its texts as it prints it about this server's `address` (IP), named `host`."""
        port = "25"
        values = {"address": address, "host": host, "any": f"{address}:{port}", "port": port, "code": "221"}
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)

    def ehlo_from(self, source: str) -> str:
        """Return the name it gives when it comes from `source` (IP): that address's own, where known."""
        address = ipaddress.ip_address(source)
        names = (known.name for known in self.addresses if address in ipaddress.ip_network(known.network))
        return next(names, "") or self.ehlo

    def commands(self, source: str) -> tuple[tuple[str, str], ...]:
        """Return the SMTP commands it sends from `source` (IP) after the greeting, as (stage name,
        command)."""
        pairs = [("ehlo", f"EHLO {self.ehlo_from(source)}")] if self.report in (MXTOOLBOX, "starttls") else []
        if self.mail_from:
            pairs.append(("mail", f"MAIL FROM:<{self.mail_from}>"))
            pairs.append(("rcpt", f"RCPT TO:<{self.rcpt_to}>"))
        return tuple(pairs)


class ImpatientSender(NamedTuple):
    """Software that sends or scores real mail and gives up before the 5 minutes of RFC 5321 4.5.3.2.1.

    `effect` is a message for `catalog.gettext`.
    """

    name: str
    patience: float
    effect: str
    source: str


class Catalogue(NamedTuple):
    date: str
    testers: tuple[Tester, ...]
    senders: tuple[ImpatientSender, ...]
    load_error: str = ""
    """One line on what of the server's own file could not be read."""

    def tester(self, name: str) -> Tester:
        """Return the tester of that name (letter case does not matter). Raises UsageError for an unknown
        one."""
        for tester in self.testers:
            if tester.name == name.strip().lower():
                return tester
        known = ", ".join(tester.name for tester in self.testers)
        raise UsageError(
            Message("unknown tester {name}; known are {known}", name=repr(name[:60]), known=known)
        )

    def select(self, names: Sequence[str]) -> tuple[Tester, ...]:
        """Return the testers of those names, the usual ones without a name, each one for `all`. Raises
        UsageError for an unknown name."""
        if ALL in (name.strip().lower() for name in names):
            return self.testers
        usual = tuple(tester for tester in self.testers if tester.usual)
        return tuple(self.tester(name) for name in names) or usual


def load(path: Optional[Path] = None, host: Optional[Host] = None) -> Catalogue:
    """Read the catalogue that comes with the product, or another file of the same form. With a `host`, the
    addresses that were added on that server come with it; `load_error` reports a damaged file of those."""
    data: dict[str, Any] = json.loads((path or CATALOGUE).read_text(encoding="utf-8"))
    testers = tuple(
        Tester(
            **{
                **entry,
                "addresses": tuple(TesterAddress(**address) for address in entry["addresses"]),
                "domains": tuple(entry.get("domains", ())),
                **{name: _page(entry[name]) for name in ("page", "addresses_page") if name in entry},
                "printed": tuple((text["level"], text["text"]) for text in entry.get("printed", ())),
            }
        )
        for entry in data["testers"]
    )
    known = Catalogue(data["date"], testers, tuple(ImpatientSender(**entry) for entry in data["senders"]))
    return known if host is None else _with_added(known, host)


def _page(entry: dict[str, str]) -> TesterPage:
    """Raises ValueError."""
    made = TesterPage(**entry)
    if not re.fullmatch(r"https://[a-z0-9.-]+/[!-~]*", made.address):
        raise ValueError(f"not an https address: {made.address!r}")
    return made


def _with_added(known: Catalogue, host: Host) -> Catalogue:
    added, load_error = local_addresses.read(host.tester_addresses)
    testers = tuple(
        tester._replace(
            addresses=tester.addresses
            + tuple(
                TesterAddress(one.address, one.name, one.date, one.source, added=True)
                for one in added
                if one.tester == tester.name
                and not any(ipaddress.ip_address(one.address) in network for network in tester.networks)
            ),
        )
        for tester in known.testers
    )
    return known._replace(testers=testers, load_error=load_error)
