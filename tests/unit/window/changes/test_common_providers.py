"""Which addresses prove the exemption of Common Mail Providers, and what exim.conf should say then."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.window.changes import common_providers
from mxverdict.window.changes.common_providers import MAX_SAMPLES

STANZA = """\
# BEGIN INSERT delay_unknown_hosts
  warn
    {hosts}
    delay = 20s
# END INSERT delay_unknown_hosts
"""
LIST = b"""\
# a comment
192.0.2.128/27 # Google
192.0.2.160/27   # Google

198.51.100.9: Post Office
"2001:db8::/32" # Six
203.0.113.0/24
no address # nobody
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "etc").mkdir()
    return Host(tmp_path)


def test_one_address_of_each_provider(host: Host) -> None:
    host.greylist_common_mail_providers.write_bytes(LIST)
    found = common_providers.samples(host)
    assert [(one.provider, one.address) for one in found.chosen] == [
        ("Google", "192.0.2.129"),
        ("Post Office", "198.51.100.9"),
        ("Six", "2001:db8::1"),
        ("203.0.113.0/24", "203.0.113.1"),
    ]
    assert (found.providers, found.entries) == (4, 5)


@pytest.mark.parametrize("count", [MAX_SAMPLES, MAX_SAMPLES + 1, 1000])
def test_of_many_some_from_the_first_to_the_last(host: Host, count: int) -> None:
    networks = [ipaddress.ip_network((0x0A000000 + n * 256, 24)) for n in range(count)]
    lines = (f"{network} # provider {n}\n" for n, network in enumerate(networks))
    host.greylist_common_mail_providers.write_text("".join(lines))
    found = common_providers.samples(host)
    numbers = [int(one.provider.split()[1]) for one in found.chosen]
    assert (len(numbers), found.providers, found.entries) == (MAX_SAMPLES, count, count)
    assert numbers == sorted(set(numbers)) and numbers[0] == 0
    assert numbers[-1] >= count * (MAX_SAMPLES - 1) // MAX_SAMPLES


@pytest.mark.parametrize("content", [b"", b"# nobody\n", None])
def test_none_in_a_list_without_networks(host: Host, content: bytes | None) -> None:
    if content is not None:
        host.greylist_common_mail_providers.write_bytes(content)
    found = common_providers.samples(host)
    assert (found.chosen, found.providers, found.entries) == ((), 0, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "!hosts = : +loopback : +cpanel_mail_netblocks",
            "!hosts = : +loopback : +greylist_common_mail_providers : +cpanel_mail_netblocks",
        ),
        (
            "hosts = ! : ! +loopback : ! +cpanel_mail_netblocks",
            "hosts = ! : ! +loopback : ! +greylist_common_mail_providers : ! +cpanel_mail_netblocks",
        ),
        ("!hosts = : +loopback", None),
    ],
)
def test_the_list_is_named_in_each_statement(host: Host, before: str, after: str | None) -> None:
    """Where that is not of the known form nothing is made up."""
    text = "begin acl\nhosts = +cpanel_mail_netblocks\n" + STANZA.format(hosts=before) * 2
    host.exim_conf.write_text(text)
    assert not common_providers.is_named(host)
    if after is None:
        assert common_providers.candidate(host) is None
        return
    assert [(one.number, one.after.strip()) for one in common_providers.statements(host)] == [
        (5, after),
        (10, after),
    ]
    assert common_providers.candidate(host) == text.replace(before, after)
    host.exim_conf.write_text(text.replace(before, after))
    assert common_providers.is_named(host)
