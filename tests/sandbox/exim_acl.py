"""The ACLs of a cPanel server's Exim: blocks, inserts and their order (docs/facts/whm.md 1.1 to 1.4)."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox import exim_statements as say
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


def render(root: Path, options: LocalOpts, settings: Settings, greylisting: bool) -> str:
    """The text between `begin acl` and the next section."""

    def on(name: str, text: str, default: bool = True) -> str:
        return text if options.is_on(name, default) else ""

    ratelimit = {"ratelimit": on("acl_ratelimit", say.NOTQUIT_RATELIMIT)}
    slow_fail = {"slow_fail_block": on("acl_slow_fail_block", say.QUIT_SLOW_FAIL)}
    tracked = {"0tracksenders": on("acl_0tracksenders", say.TRACKED_SENDERS, default=False)}
    trusted = {"trustedmailhosts": on("acl_trustedmailhosts", say.TRUSTED_MAIL_HOSTS, default=False)}
    text = "\n".join(
        [
            "acl_smtp_connect:",
            _block(
                "ACL-CONNECT-BLOCK",
                say.CONNECT_LIMIT if settings.connections_an_hour else "",
                inserts={
                    "delay_unknown_hosts": on("acl_delay_unknown_hosts", say.CONNECT_DELAY),
                    "ratelimit": on("acl_ratelimit", say.CONNECT_RATELIMIT),
                    "slow_fail_block": on("acl_slow_fail_block", say.CONNECT_SLOW_FAIL),
                    "spammerlist": on("acl_spammerlist", say.CONNECT_SPAMMERS),
                },
            ),
            "  accept\n",
            "acl_smtp_helo:",
            _block("ACL-HELO-BLOCK", *_helo(options, settings, "helo")),
            "  accept\n",
            "acl_smtp_mail:",
            _block("ACL-MAIL-BLOCK", *_helo(options, settings, "mail")),
            "  accept\n",
            "acl_smtp_rcpt:",
            _block("ACL-RATELIMIT-BLOCK", inserts=tracked),
            _block(
                "ACL-PRE-RECIPIENT-BLOCK",
                inserts={"delay_unknown_hosts": on("acl_delay_unknown_hosts", say.RCPT_DELAY)},
            ),
            _block("ACL-RECIPIENT-BLOCK", say.TRUSTED_SENDERS),
            _block("ACL-RECIPIENT-MAILMAN-BLOCK"),
            _block("ACL-IDENTIFY-SENDER-BLOCK", on("senderverify", say.SENDER_VERIFICATION)),
            _block("ACL-WHITELIST-BLOCK", say.REMOTE_MX),
            _block("ACL-PRE-RECP-VERIFY-BLOCK"),
            _block("ACL-RECP-VERIFY-BLOCK", say.RECIPIENT_VERIFICATION),
            _block(
                "ACL-POST-RECP-VERIFY-BLOCK",
                inserts={"dictionary_attack": on("acl_dictionary_attack", say.DICTIONARY_ATTACK)},
            ),
            _block("ACL-TRUSTEDLIST-BLOCK", inserts=trusted),
            _block("ACL-RBL-BLOCK"),
            _block("ACL-MAILAUTH-BLOCK", say.AUTHENTICATED),
            _block("ACL-GREYLISTING-BLOCK", inserts={"greylisting": say.GREYLISTING if greylisting else ""}),
            _block("ACL-RCPT-HARD-LIMIT-BLOCK"),
            _block("ACL-RCPT-SOFT-LIMIT-BLOCK"),
            _block("ACL-SPAM-SCAN-CHECK-BLOCK", say.SPAM_MARK if settings.spam_marked else ""),
            _block(
                "ACL-POST-SPAM-SCAN-CHECK-BLOCK",
                inserts={"delay_unknown_hosts": on("acl_delay_unknown_hosts", say.SPAM_DELAY)},
            ),
            _block("ACL-RECIPIENT-POST-BLOCK", say.RELAY),
            "acl_smtp_notquit:",
            _block("ACL-NOTQUIT-BLOCK", inserts=ratelimit),
            "  accept\n",
            "acl_smtp_quit:",
            _block("ACL-QUIT-BLOCK", inserts=slow_fail),
            "  accept\n",
        ]
    )
    values = {
        "ROOT": str(root),
        "EXEMPT": _exempt(options, settings),
        "CONNECT_DELAY": str(settings.connect_delay),
        "RCPT_DELAY": str(settings.rcpt_delay),
        "SPAM_DELAY": str(settings.spam_delay),
        "CONNECTIONS": str(settings.connections_an_hour),
        "SLOW_FAIL_LIMIT": str(settings.slow_fail_limit),
        "CALLOUT": on("callouts", f"/callout={settings.callout_seconds}s", default=False),
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


def _helo(options: LocalOpts, settings: Settings, stage: str) -> tuple[str, dict[str, str]]:
    """What is asked of the EHLO name at a stage: statements and inserts. Two rules need the first one's
    setting."""
    if stage != settings.helo_checked_at or not options.is_on("acl_requirehelo"):
        return "", {}
    return say.HELO_TRUSTED + (say.AUTHENTICATED if stage == "mail" else ""), {
        "requirehelo": say.HELO_REQUIRED if stage == "mail" else "",
        "requirehelonoforge": say.HELO_NOT_OURS if options.is_on("acl_requirehelonoforge") else "",
        "requirehelosyntax": say.HELO_SYNTAX if options.is_on("acl_requirehelosyntax") else "",
    }


def _exempt(options: LocalOpts, settings: Settings) -> str:
    """The host condition of the delay stanzas: everybody but these (docs/facts/whm.md 1.1, 1.3)."""
    absent = set()
    if not options.is_on("acl_dont_delay_greylisting_trusted_hosts"):
        absent.add("greylist_trusted_netblocks")
    if not options.is_on("acl_dont_delay_greylisting_common_mail_providers", default=False):
        absent.add("greylist_common_mail_providers")
    lists = [f"+{name}" for name in EXEMPT_LISTS if name not in absent]
    if settings.negation == "list":
        return f"!hosts = : {' : '.join(lists)}"
    return f"hosts = {' : '.join(['!', *(f'! {name}' for name in lists)])}"
