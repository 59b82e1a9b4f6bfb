"""Which simulated sessions certainly use no Perl, by the text of exim.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.collect.exim_perl import late_before_mail, late_perl, needless_before_mail

PLAIN = """\
perl_startup = do '/etc/exim.pl'
perl_at_start = true
smtp_banner = ready
acl_smtp_connect = on_connect
acl_smtp_helo = on_helo
acl_smtp_rcpt = on_rcpt
begin acl
on_connect:
  accept
on_helo:
  deny acl = named
  accept
named:
  accept
on_rcpt:
  deny condition = ${perl{refused}}
begin routers
all:
  driver = accept
  condition = ${perl{allowed}}
begin authenticators
plain:
  driver = plaintext
"""


def test_perl_behind_mail_alone_is_out_of_reach() -> None:
    assert needless_before_mail(PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("smtp_banner = ready", "smtp_banner = ${perl{banner}}"),
        ("smtp_banner = ready", "hostlist known = ${ perl {known}}"),
        ("smtp_banner = ready", ".include /etc/more.conf"),
        ("smtp_banner = ready", "  .include_if_exists /etc/more.conf"),
        ("on_connect:\n", "on_connect:\n  deny condition = ${perl{refused}}\n"),
        (
            "on_connect:\n",
            "on_connect:\n  warn message = first \\\n   # remark\n named:\\\n  ${perl{said}}\n",
        ),
        ("named:\n", "named:\n  warn set acl_c1 = ${perl{said}}\n"),
        ("acl = named", "acl = ${if eq{$acl_c1}{1}{named}{on_rcpt}}"),
        ("acl = named", "condition = ${acl {on_rcpt}}"),
        ("acl = named", "condition = ${if acl{{on_rcpt}{1}}}"),
        ("acl = named", "acl = on_rcpt"),
        ("acl_smtp_connect = on_connect", "acl_smtp_connect = on_rcpt"),
        ("acl_smtp_connect = on_connect", "acl_smtp_connect = MACRO"),
        ("acl_smtp_connect = on_connect", "acl_smtp_connect = \\\n  on_rcpt"),
        ("acl_smtp_connect = on_connect", "acl_smtp_connect = on_connect\nacl_smtp_connect = on_rcpt"),
        ("driver = plaintext", "server_advertise_condition = ${perl{offered}}"),
    ],
)
def test_a_use_that_may_be_reached_is_seen(old: str, new: str) -> None:
    assert old in PLAIN
    assert not needless_before_mail(PLAIN.replace(old, new))


def test_the_option_is_for_configurations_with_perl(tmp_path: Path) -> None:
    file = tmp_path / "exim.conf"
    assert late_perl(file) == late_before_mail(file) == ()
    file.write_text(PLAIN.replace("perl_startup", "# perl_startup"))
    assert late_perl(file) == late_before_mail(file) == ()
    file.write_text(PLAIN)
    assert late_perl(file) == late_before_mail(file) == ("-pd",)
    file.write_text(PLAIN.replace("on_helo:\n", "on_helo:\n  warn set acl_c1 = ${perl{said}}\n"))
    assert (late_perl(file), late_before_mail(file)) == (("-pd",), ())
