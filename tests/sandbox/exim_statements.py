"""The ACL statements of a cPanel server's Exim (docs/facts/whm.md 1.1 to 1.4).

Written from that description in our own words; `exim_acl` puts them in order and fills in what stands between
percent signs.
"""

from __future__ import annotations

_PORT_25 = "condition = ${if eq {$received_port}{25}{yes}{no}}"

CONNECT_DELAY = f"""\
  warn
    %EXEMPT%
    {_PORT_25}
    delay = %CONNECT_DELAY%s
"""

CONNECT_LIMIT = """\
  defer
    message = Too many connections.
    log_message = "Host is ratelimited ($sender_rate/$sender_rate_period max:$sender_rate_limit)"
    ratelimit = %CONNECTIONS% / 1h / strict / per_conn / connections_$sender_host_address
"""

CONNECT_RATELIMIT = f"""\
  accept
    hosts = : +loopback : +recent_authed_mail_ips : +backupmx_hosts
  accept
    hosts = +trustedmailhosts
  accept
    hosts = net-iplsearch;%ROOT%/etc/trustedmailhosts
  defer
    {_PORT_25}
    message = The server has reached its limit for processing requests from your host.
    log_message = "Host is ratelimited ($sender_rate/$sender_rate_period max:$sender_rate_limit)"
    ratelimit = 1.2 / 1h / strict / per_conn / noupdate
"""

CONNECT_SLOW_FAIL = f"""\
  warn
    ratelimit = 0.5 / 1h / noupdate / per_conn / slow_fail_accept_$sender_host_address
    set acl_c_sent_mail = 1
  defer
    {_PORT_25}
    condition = ${{if eq {{$acl_c_sent_mail}}{{1}}{{no}}{{yes}}}}
    log_message = "Host is ratelimited due to multiple failure only connections \\
                  ($sender_rate/$sender_rate_period max:$sender_rate_limit)"
    ratelimit = %SLOW_FAIL_LIMIT% / 1h / noupdate / per_conn / slow_fail_block_$sender_host_address
"""

CONNECT_SPAMMERS = """\
  drop
    hosts = +spammeripblocks
    !hosts = +skipsmtpcheck_hosts : +trustedmailhosts
    message = Your host is not allowed to connect to this server.
    log_message = Host is in the list of blocked addresses
"""

HELO_TRUSTED = """\
  accept
    hosts = : +loopback : +recent_authed_mail_ips : +skipsmtpcheck_hosts
"""

HELO_REQUIRED = """\
  deny
    condition = ${if eq {$sender_helo_name}{}{yes}{no}}
    message = Say HELO first.
"""

HELO_NOT_OURS = """\
  drop
    condition = ${if or {{eqi {$sender_helo_name}{$primary_hostname}} \\
                         {eq {$sender_helo_name}{$received_ip_address}} \\
                         {eq {$sender_helo_name}{[$received_ip_address]}} \\
                         {eq {$sender_helo_name}{[IPv6:$received_ip_address]}}}{yes}{no}}
    message = You are not $sender_helo_name.
    log_message = HELO/EHLO is a name of this server
"""

HELO_SYNTAX = """\
  drop
    condition = ${if match {$sender_helo_name}{\\N^\\[\\N}{no}{yes}}
    condition = ${if match {$sender_helo_name}{\\N\\.\\N}{no}{yes}}
    message = $sender_helo_name is not a full host name.
    log_message = HELO/EHLO has no dot
  drop
    condition = ${if match {$sender_helo_name}{\\N\\.$\\N}{yes}{no}}
    message = $sender_helo_name ends with a dot.
    log_message = HELO/EHLO ends with a dot
  drop
    condition = ${if match {$sender_helo_name}{\\N\\.\\.\\N}{yes}{no}}
    message = $sender_helo_name has an empty part.
    log_message = HELO/EHLO has two dots in a row
"""

TRACKED_SENDERS = """\
  warn
    ratelimit = 0 / 1h / strict / per_rcpt / tracked_$sender_host_address
"""

RCPT_DELAY = f"""\
  warn
    !authenticated = *
    %EXEMPT%
    {_PORT_25}
    delay = %RCPT_DELAY%s
"""

SPAM_DELAY = """\
  warn
    condition = ${if eq {${acl_m2}}{1}{yes}{no}}
    %EXEMPT%
    delay = %SPAM_DELAY%s
"""

TRUSTED_SENDERS = """\
  accept
    hosts = +skipsmtpcheck_hosts
    verify = recipient
"""

SENDER_VERIFICATION = """\
  deny
    !hosts = +loopback : +senderverifybypass_hosts
    !verify = sender%CALLOUT%
"""

REMOTE_MX = """\
  accept
    hosts = ${lookup {$domain} cdb {%ROOT%/etc/domain_remote_mx_ips.cdb}}
    verify = recipient
"""

RECIPIENT_VERIFICATION = """\
  require
    verify = recipient
"""

DICTIONARY_ATTACK = """\
  drop
    condition = ${if >{$rcpt_fail_count}{4}{yes}{no}}
    message = Too many of your recipients do not exist.
    log_message = Dictionary attack: $rcpt_fail_count recipients failed
"""

TRUSTED_MAIL_HOSTS = """\
  accept
    hosts = +trustedmailhosts : net-iplsearch;%ROOT%/etc/trustedmailhosts
    verify = recipient
"""

AUTHENTICATED = """\
  accept
    authenticated = *
"""

GREYLISTING = """\
  defer
    !authenticated = *
    !hosts = +recent_recipient_mail_server_ips : +greylist_trusted_netblocks : \\
             +greylist_common_mail_providers : +cpanel_mail_netblocks
    domains = +local_domains : +relay_domains
    condition = ${if exists {%ROOT%/sandbox/greylistd-says-no}{no}{yes}}
    message = The server is temporarily unable to take this message. Please try again later.
    log_message = Deferred due to greylisting. Host: '$sender_host_address' From: '$sender_address' \\
                  To: '$local_part@$domain' SPF: 'unchecked'
"""

SPAM_MARK = """\
  warn
    set acl_m2 = 1
"""

RELAY = """\
  accept
    domains = +relay_domains
  deny
    message = ${expand:${lookup {host_accept_relay} lsearch {%ROOT%/etc/eximrejects}}}
    log_message = Rejected relay attempt: '$sender_host_address' From: '$sender_address' \\
                  To: '$local_part@$domain'
"""

NOTQUIT_RATELIMIT = """\
  warn
    condition = ${if match {$smtp_notquit_reason}{command}{yes}{no}}
    ratelimit = 1.2 / 1h / strict / per_conn
"""

QUIT_SLOW_FAIL = """\
  warn
    condition = ${if and {{>{$rcpt_count}{0}}{=={$rcpt_count}{$rcpt_fail_count}}}{yes}{no}}
    ratelimit = 0 / 1h / strict / per_conn / slow_fail_block_$sender_host_address
  warn
    condition = ${if >{$rcpt_count}{$rcpt_fail_count}{yes}{no}}
    ratelimit = 0 / 1h / strict / per_conn / slow_fail_accept_$sender_host_address
"""
