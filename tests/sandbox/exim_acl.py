"""The ACLs of a cPanel server's Exim: blocks, inserts, conditions and their order (facts: whm.md 1.1 to 1.4).

Written from that description in our own words; `%NAME%` marks what `render` fills in.
"""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.localopts import LocalOpts
from tests.sandbox.settings import Settings

EXEMPT_LISTS = (
    "loopback",
    "neighbor_netblocks",
    "trustedmailhosts",
    "recent_authed_mail_ips",
    "backupmx_hosts",
    "skipsmtpcheck_hosts",
    "senderverifybypass_hosts",
    "greylist_trusted_netblocks",
    "greylist_common_mail_providers",
    "cpanel_mail_netblocks",
)

_CONNECT_DELAY = """\
  warn
    hosts = %EXEMPT%
    condition = ${if eq {$received_port}{25}{yes}{no}}
    delay = %CONNECT_DELAY%s
"""

_CONNECT_RATELIMIT = """\
  accept
    hosts = : +loopback : +recent_authed_mail_ips : +backupmx_hosts : +trustedmailhosts : \\
            net-iplsearch;%ROOT%/etc/trustedmailhosts
  defer
    message = The server has reached its limit for processing requests from your host.
    log_message = "Host is ratelimited ($sender_rate/$sender_rate_period max:$sender_rate_limit)"
    ratelimit = 1.2 / 1h / strict / per_conn / noupdate
"""

_CONNECT_SLOW_FAIL = """\
  defer
    message = The server has reached its limit for processing requests from your host.
    log_message = "Host is ratelimited due to multiple failure only connections \\
                  ($sender_rate/$sender_rate_period max:$sender_rate_limit)"
    !ratelimit = 0.5 / 1h / strict / per_conn / noupdate / slow_fail_accept_$sender_host_address
    ratelimit = %SLOW_FAIL_LIMIT% / 1h / strict / per_conn / noupdate / slow_fail_block_$sender_host_address
"""

_CONNECT_SPAMMERS = """\
  drop
    hosts = +spammeripblocks
    message = Your host is not allowed to connect to this server.
    log_message = Host is in the list of blocked addresses
"""

_RCPT_DELAY = """\
  warn
    !authenticated = *
    hosts = %EXEMPT%
    condition = ${if eq {$received_port}{25}{yes}{no}}
    delay = %RCPT_DELAY%s
"""

_SPAM_DELAY = """\
  warn
    condition = ${if eq {${acl_m2}}{1}{yes}{no}}
    hosts = %EXEMPT%
    delay = %SPAM_DELAY%s
"""

_TRUSTED_SENDERS = """\
  accept
    hosts = +skipsmtpcheck_hosts
    verify = recipient
"""

_SENDER_VERIFICATION = """\
  deny
    hosts = ! +loopback : ! +senderverifybypass_hosts
    !verify = sender%CALLOUT%
"""

_LOCAL_RECIPIENTS = """\
  deny
    domains = +local_domains
    !verify = recipient
"""

_TRUSTED_MAIL_HOSTS = """\
  accept
    hosts = +trustedmailhosts : net-iplsearch;%ROOT%/etc/trustedmailhosts
    verify = recipient
"""

_AUTHENTICATED = """\
  accept
    authenticated = *
"""

_GREYLISTING = """\
  defer
    !authenticated = *
    hosts = ! +recent_recipient_mail_server_ips : ! +greylist_trusted_netblocks : \\
            ! +greylist_common_mail_providers : ! +cpanel_mail_netblocks
    domains = +local_domains : +relay_domains
    condition = ${if exists {%ROOT%/sandbox/greylistd-says-no}{no}{yes}}
    message = The server is temporarily unable to take this message. Please try again later.
    log_message = Deferred due to greylisting. Host: '$sender_host_address' From: '$sender_address' \\
                  To: '$local_part@$domain' SPF: 'unchecked'
"""

_SPAM_MARK = """\
  warn
    set acl_m2 = 1
"""

_RELAY = """\
  accept
    domains = +local_domains : +relay_domains
  deny
    message = Relaying through this server needs authentication.\\n\\
              $sender_fullhost is not allowed to send to other servers.
    log_message = Rejected relay attempt: '$sender_host_address' From: '$sender_address' \\
                  To: '$local_part@$domain'
"""

_NOTQUIT_RATELIMIT = """\
  warn
    condition = ${if match {$smtp_notquit_reason}{command}{yes}{no}}
    ratelimit = 1.2 / 1h / strict / per_conn
"""

_QUIT_SLOW_FAIL = """\
  warn
    condition = ${if and {{>{$rcpt_count}{0}}{=={$rcpt_count}{$rcpt_fail_count}}}{yes}{no}}
    ratelimit = %SLOW_FAIL_LIMIT% / 1h / strict / per_conn / slow_fail_block_$sender_host_address
  warn
    condition = ${if >{$rcpt_count}{$rcpt_fail_count}{yes}{no}}
    ratelimit = 0.5 / 1h / strict / per_conn / slow_fail_accept_$sender_host_address
"""


def render(root: Path, options: LocalOpts, settings: Settings, greylisting: bool) -> str:
    """The text between `begin acl` and the next section."""
    delay, ratelimit, slow_fail = (
        options.is_on(f"acl_{name}") for name in ("delay_unknown_hosts", "ratelimit", "slow_fail_block")
    )
    text = "\n".join(
        [
            "acl_smtp_connect:",
            _block(
                "ACL-CONNECT-BLOCK",
                inserts={
                    "delay_unknown_hosts": _CONNECT_DELAY if delay else "",
                    "ratelimit": _CONNECT_RATELIMIT if ratelimit else "",
                    "slow_fail_block": _CONNECT_SLOW_FAIL if slow_fail else "",
                    "spammerlist": _CONNECT_SPAMMERS if options.is_on("acl_spammerlist") else "",
                },
            ),
            "  accept\n",
            "acl_smtp_rcpt:",
            _block("ACL-RATELIMIT-BLOCK"),
            _block("ACL-PRE-RECIPIENT-BLOCK", inserts={"delay_unknown_hosts": _RCPT_DELAY if delay else ""}),
            _block("ACL-RECIPIENT-BLOCK", _TRUSTED_SENDERS),
            _block("ACL-RECIPIENT-MAILMAN-BLOCK"),
            _block(
                "ACL-IDENTIFY-SENDER-BLOCK", _SENDER_VERIFICATION if options.is_on("senderverify") else ""
            ),
            _block("ACL-WHITELIST-BLOCK"),
            _block("ACL-PRE-RECP-VERIFY-BLOCK"),
            _block("ACL-RECP-VERIFY-BLOCK", _LOCAL_RECIPIENTS),
            _block("ACL-POST-RECP-VERIFY-BLOCK"),
            _block(
                "ACL-TRUSTEDLIST-BLOCK",
                inserts={
                    "trustedmailhosts": _TRUSTED_MAIL_HOSTS
                    if options.is_on("acl_trustedmailhosts", default=False)
                    else ""
                },
            ),
            _block("ACL-RBL-BLOCK"),
            _block("ACL-MAILAUTH-BLOCK", _AUTHENTICATED),
            _block("ACL-GREYLISTING-BLOCK", inserts={"greylisting": _GREYLISTING if greylisting else ""}),
            _block("ACL-RCPT-HARD-LIMIT-BLOCK"),
            _block("ACL-RCPT-SOFT-LIMIT-BLOCK"),
            _block("ACL-SPAM-SCAN-CHECK-BLOCK", _SPAM_MARK if settings.spam_marked else ""),
            _block(
                "ACL-POST-SPAM-SCAN-CHECK-BLOCK",
                inserts={"delay_unknown_hosts": _SPAM_DELAY if delay else ""},
            ),
            _block("ACL-RECIPIENT-POST-BLOCK", _RELAY),
            "acl_smtp_notquit:",
            _block("ACL-NOTQUIT-BLOCK", inserts={"ratelimit": _NOTQUIT_RATELIMIT if ratelimit else ""}),
            "  accept\n",
            "acl_smtp_quit:",
            _block("ACL-QUIT-BLOCK", inserts={"slow_fail_block": _QUIT_SLOW_FAIL if slow_fail else ""}),
            "  accept\n",
        ]
    )
    values = {
        "ROOT": str(root),
        "EXEMPT": _exempt(options),
        "CONNECT_DELAY": str(settings.connect_delay),
        "RCPT_DELAY": str(settings.rcpt_delay),
        "SPAM_DELAY": str(settings.spam_delay),
        "SLOW_FAIL_LIMIT": f"{settings.slow_fail_limit - 0.5:g}",
        "CALLOUT": f"/callout={settings.callout_seconds}s"
        if options.is_on("callouts", default=False)
        else "",
    }
    for name, value in values.items():
        text = text.replace(f"%{name}%", value)
    return text


def _block(name: str, statements: str = "", inserts: dict[str, str] | None = None) -> str:
    """One block between its markers; an insert without text is switched off and leaves no marker."""
    parts = [
        f"# BEGIN INSERT {key}\n{text}# END INSERT {key}\n"
        for key, text in sorted((inserts or {}).items())
        if text
    ]
    return f"#BEGIN {name}\n{statements}{''.join(parts)}#END {name}\n"


def _exempt(options: LocalOpts) -> str:
    """The host list of the delay stanzas: everybody but these (facts: whm.md 1.1, 1.3)."""
    absent = set()
    if not options.is_on("acl_dont_delay_greylisting_trusted_hosts"):
        absent.add("greylist_trusted_netblocks")
    if not options.is_on("acl_dont_delay_greylisting_common_mail_providers", default=False):
        absent.add("greylist_common_mail_providers")
    return " : ".join(["!", *(f"! +{name}" for name in EXEMPT_LISTS if name not in absent)])
