"""The whole `exim.conf` of the sandbox's server (docs/facts/whm.md 1.4, 1.5, 2.1, 10)."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox import exim_acl
from tests.sandbox.localopts import LocalOpts
from tests.sandbox.settings import Settings

_DEFAULT_BANNER = "${primary_hostname} ESMTP Exim ${version_number} \\#${compile_number} ${tod_full}"
_BANNER_NOTICE = "\\nBulk mail that nobody asked for is not welcome here,\\nand is not accepted."

_RELAY_DOMAINS = "+local_domains : +secondarymx_domains"

_HOST_LISTS = """\
hostlist loopback = <; @[]; 127.0.0.0/8 ; 0.0.0.0 ; ::1 ; ::ffff:127.0.0.0/104
hostlist senderverifybypass_hosts = net-iplsearch;%ROOT%/etc/senderverifybypasshosts
hostlist skipsmtpcheck_hosts = net-iplsearch;%ROOT%/etc/skipsmtpcheckhosts
hostlist spammeripblocks = net-iplsearch;%ROOT%/etc/spammeripblocks
hostlist backupmx_hosts = lsearch;%ROOT%/etc/backupmxhosts
hostlist trustedmailhosts = lsearch;%ROOT%/etc/trustedmailhosts
hostlist recent_authed_mail_ips = net-iplsearch;%ROOT%/etc/recent_authed_mail_ips
hostlist neighbor_netblocks = net-iplsearch;%ROOT%/etc/neighbor_netblocks
hostlist greylist_trusted_netblocks = net-iplsearch;%ROOT%/etc/greylist_trusted_netblocks
hostlist greylist_common_mail_providers = net-iplsearch;%ROOT%/etc/greylist_common_mail_providers
hostlist cpanel_mail_netblocks = net-iplsearch;%ROOT%/etc/cpanel_mail_netblocks
hostlist recent_recipient_mail_server_ips = net-iplsearch;%ROOT%/etc/recent_recipient_mail_server_ips

domainlist local_domains = lsearch;%ROOT%/etc/localdomains
domainlist secondarymx_domains = lsearch;%ROOT%/etc/secondarymx
"""

_PERL_STARTUP = (
    "sub sender_may_send { return 'yes' } "
    "my $end = %SECONDS% + (times)[0] + (times)[1]; 1 while (times)[0] + (times)[1] < $end"
)
_PERL_CONDITION = "  condition = ${perl{sender_may_send}}\n"

_ROUTERS = """\
begin routers

remote:
  driver = dnslookup
%PERL_CONDITION%\
  domains = ! +local_domains
  transport = remote_smtp
  ignore_target_hosts = 0.0.0.0 : 127.0.0.0/8
  no_more

local:
  driver = accept
  local_parts = %LOCAL_PARTS%
  transport = mailbox

nobody:
  driver = redirect
  allow_fail
  data = :fail: No Such User Here

begin transports

remote_smtp:
  driver = smtp
  interface = <; ${lookup {${lc:$sender_address_domain}} lsearch* {%ROOT%/etc/mailips}}
  helo_data = ${lookup {${lc:$sender_address_domain}} lsearch* {%ROOT%/etc/mailhelo} \
{$value}{$primary_hostname}}

mailbox:
  driver = appendfile
  file = %ROOT%/var/mail/mailbox
  user = mail

begin authenticators

plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and {{eq {$auth2}{info@shop.example}}{eq {$auth3}{sandbox}}}{yes}{no}}
  server_set_id = $auth2

begin retry

*  *  F,2h,15m; G,16h,1h,1.5; F,4d,8h
"""


def render(
    root: Path, options: LocalOpts, settings: Settings, greylisting: bool, overrides: dict[str, str]
) -> str:
    """The text of `exim.conf`. `overrides`: main options set by hand in the advanced editor."""
    main = {**_main_options(root, settings), **overrides}
    parts = [
        "".join(f"{key} = {value}\n" for key, value in main.items()),
        _HOST_LISTS + f"domainlist relay_domains = {'*' if settings.open_relay else _RELAY_DOMAINS}\n",
        "begin acl\n",
        exim_acl.render(root, options, settings, greylisting),
        _ROUTERS.replace("%LOCAL_PARTS%", "*" if settings.catch_all else "! ^.*[%!/@]").replace(
            "%PERL_CONDITION%", _PERL_CONDITION if settings.perl_startup else ""
        ),
    ]
    return "\n".join(parts).replace("%ROOT%", str(root))


def overrides_of(local: str) -> dict[str, str]:
    """The main options in the `@CONFIG@` section of `/etc/exim.conf.local`."""
    section, options = "", {}
    for line in local.splitlines():
        if line.startswith("@") and line.endswith("@"):
            section = line
        elif section == "@CONFIG@" and "=" in line:
            key, _, value = line.partition("=")
            options[key.strip()] = value.strip()
    return options


def _main_options(root: Path, settings: Settings) -> dict[str, str]:
    return {
        "primary_hostname": settings.host,
        "smtp_banner": f'"{settings.banner or _DEFAULT_BANNER}{_BANNER_NOTICE}"',
        "exim_group": "mail",
        "spool_directory": f"{root}/var/spool/exim",
        "split_spool_directory": "true",
        "log_file_path": f"{root}/var/log/exim_%slog",
        "pid_file_path": f"{root}/var/spool/exim/exim-daemon.pid",
        "log_selector": settings.log_selector,
        "keep_environment": "",
        "daemon_smtp_ports": "25 : 465 : 587",
        "tls_on_connect_ports": "465",
        "tls_advertise_hosts": "*" if settings.tls else "",
        "tls_certificate": f"{root}/etc/exim.crt",
        "tls_privatekey": f"{root}/etc/exim.key",
        "auth_advertise_hosts": "${if eq {$tls_in_cipher}{}{}{*}}",
        "chunking_advertise_hosts": "198.51.100.254",
        "acl_smtp_connect": "acl_smtp_connect",
        "acl_smtp_helo": "acl_smtp_helo",
        "acl_smtp_mail": "acl_smtp_mail",
        "acl_smtp_rcpt": "acl_smtp_rcpt",
        "acl_smtp_data": "accept",
        "acl_smtp_notquit": "acl_smtp_notquit",
        "acl_smtp_quit": "acl_smtp_quit",
        "smtp_enforce_sync": "false",
        "smtp_accept_max": str(settings.smtp_accept_max),
        "smtp_connect_backlog": "50",
        "smtp_accept_queue_per_connection": "30",
        "smtp_receive_timeout": "165s",
        "rfc1413_query_timeout": "0s",
        "helo_accept_junk_hosts": "*",
        "message_size_limit": "50M",
        "never_users": "root",
        "queue_only": "true",
        **(_perl(settings.perl_startup) if settings.perl_startup else {}),
    }


def _perl(milliseconds: int) -> dict[str, str]:
    """A Perl that takes so much CPU time to load, at each start of Exim, as cPanel's configuration has it."""
    code = _PERL_STARTUP.replace("%SECONDS%", f"{milliseconds / 1000:g}")
    return {"perl_at_start": "true", "perl_startup": code}
