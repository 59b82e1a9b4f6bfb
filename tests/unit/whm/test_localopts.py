"""The delay's line in exim.conf.localopts, read as buildeximconf does."""

from __future__ import annotations

from typing import Optional

import pytest

from mxverdict.errors import HostError
from mxverdict.whm import localopts

KEY = "acl_delay_unknown_hosts"


@pytest.mark.parametrize(
    ("content", "on"),
    [
        (b"", True),
        (b"senderverify=1\n", True),
        (b"acl_delay_unknown_hosts=1\n", True),
        (b"acl_delay_unknown_hosts=0\n", False),
        (b"acl_delay_unknown_hosts=\n", False),
        (b"acl_delay_unknown_hosts=0", False),
        (b"acl_delay_unknown_hosts=0\r\n", False),
        (b"acl_delay_unknown_hosts = 0\n", False),
        (b"acl_delay_unknown_hosts=1\nacl_delay_unknown_hosts=0\n", False),
        (b"#acl_delay_unknown_hosts=0\n", True),
        (b"acl_delay_unknown_hosts_too=0\n", True),
        (b"acl_delay_unknown_hosts_too\n", True),
        (b"#acl_delay_unknown_hosts\n", True),
        (b"acl_delay_unknown_hosts\nacl_delay_unknown_hosts=0\n", False),
    ],
)
def test_is_on(content: bytes, on: bool) -> None:
    assert localopts.is_on(content) is on


def test_another_kind_of_value_is_no_guess() -> None:
    with pytest.raises(HostError, match="'yes'"):
        localopts.is_on(b"acl_delay_unknown_hosts=yes\n")


@pytest.mark.parametrize(
    "content",
    [
        b"acl_delay_unknown_hosts",
        b"a=1\nacl_delay_unknown_hosts\nb=2\n",
        b"acl_delay_unknown_hosts\r\n",
        b" acl_delay_unknown_hosts \n",
        b"acl_delay_unknown_hosts=1\nacl_delay_unknown_hosts\n",
    ],
)
def test_a_bare_key_is_unknown(content: bytes) -> None:
    with pytest.raises(localopts.SettingUnknown, match="has no value"):
        localopts.is_on(content)
    assert localopts.has_bare_key(content)


@pytest.mark.parametrize(
    ("content", "bare"),
    [
        (b"", False),
        (b"a=1\nb=\n\n  \n#c\n = 2\r\n", False),
        (b"a=1\ndsn_advertise_hosts\n", True),
        (b"dsn_advertise_hosts", True),
        (b"a=1\r\n  b\r\n", True),
    ],
)
def test_bare_keys_are_found(content: bytes, bare: bool) -> None:
    assert localopts.has_bare_key(content) is bare


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a=1\nb=2\n",
        b"a=1\nacl_delay_unknown_hosts=1\nb=2\n",
        b"acl_delay_unknown_hosts=1",
        b"a=\xff\x00\r\nacl_delay_unknown_hosts=1\r\nb=2",
        b"a=1\nacl_delay_unknown_hosts = 20\nb",
        b"dsn_advertise_hosts\nacl_delay_unknown_hosts=1\r\nacl_x\r\n",
    ],
)
def test_out_and_back_leaves_every_byte(content: bytes) -> None:
    old: Optional[str] = localopts.setting_line(content)
    off = localopts.put(content, localopts.OFF)
    assert not localopts.is_on(off)
    assert localopts.put(off, old) == content


def test_a_last_line_without_newline_is_not_glued_to_ours() -> None:
    off = localopts.put(b"a=1", localopts.OFF)
    assert off == b"a=1\nacl_delay_unknown_hosts=0\n"
