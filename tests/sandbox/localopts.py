"""`/etc/exim.conf.localopts` as buildeximconf understands it (docs/facts/whm.md 3.1, 3.2)."""

from __future__ import annotations

from pathlib import Path

DEFAULT = """\
acl_0tracksenders=0
acl_delay_unknown_hosts=1
acl_dictionary_attack=1
acl_dont_delay_greylisting_common_mail_providers=0
acl_dont_delay_greylisting_trusted_hosts=1
acl_mailproviders=1
acl_primary_hostname_bl=0
acl_ratelimit=1
acl_ratelimit_spam_score_over_int=0
acl_requirehelo=1
acl_requirehelonoforge=1
acl_requirehelosyntax=1
acl_slow_fail_block=1
acl_spamcop_rbl=0
acl_spamhaus_rbl=0
acl_trustedmailhosts=0
callouts=0
hiderecpfromuser=0
log_outgoing_spam_scan=0
query_apache_for_nobody_senders=1
require_secure_auth=1
rewrite_from=disable
senderverify=1
setsenderheader=0
smarthost_auth_required=0
spf_include_hosts=
systemfilter=/etc/cpanel_exim_system_filter
trust_x_php_script=1
"""


class LocalOpts:
    """The settings of one or more files; a later file wins.

    Real files hold bare keys, without `=`. What cPanel makes of them is not known: they count as absent, or
    as empty where `bare_is_empty`.
    """

    def __init__(self, *files: Path, bare_is_empty: bool = False) -> None:
        self._values: dict[str, str] = {}
        for file in files:
            rows = file.read_text().splitlines() if file.exists() else []
            for key, has_value, value in (line.partition("=") for line in rows if not line.startswith("#")):
                if has_value or bare_is_empty:
                    self._values[key.strip()] = value.strip()
                else:
                    self._values.pop(key.strip(), None)

    def is_on(self, key: str, default: bool = True) -> bool:
        """Absent: the default. Empty: off. Otherwise whether the number it starts with is not 0."""
        if key not in self._values:
            return default
        value = self._values[key]
        return value.isdigit() and int(value) != 0
