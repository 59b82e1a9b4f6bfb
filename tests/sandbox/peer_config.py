"""The `exim.conf` of a remote mail server, by behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

STAGES = {"connect": "connect", "ehlo": "helo", "mail": "mail", "rcpt": "rcpt"}

BEHAVIOURS: dict[str, dict[str, str]] = {
    "accepting": {},
    "open_relay": {"rcpt": "accept"},
    "refusing": {"connect": "drop message = 554 5.7.1 No mail is taken from $sender_host_address"},
    "busy": {"connect": "defer message = 421 4.3.2 Too many connections, come back later"},
    "refusing_helo": {"ehlo": "deny message = 550 5.7.1 That is not your name"},
    "refusing_sender": {"mail": "deny message = 550 5.7.1 Mail from <$sender_address> is not wanted"},
    "refusing_policy": {
        "rcpt": "deny message = 550 5.7.1 Service unavailable; client host [$sender_host_address] "
        "is on our list, see https://lists.remote.example/"
    },
    "unknown_user": {"rcpt": "deny message = 550 5.1.1 <$local_part@$domain>: no such user here"},
    "mailbox_full": {"rcpt": "defer message = 452 4.2.2 The mailbox is full"},
    "greylisting": {
        # Exim calculates a rate of 1 for the first attempt of a sender and recipient, more for the next.
        "rcpt": "accept domains = +taken\n"
        "  ratelimit = 1.5 / 1h / strict / per_cmd / $sender_host_address-$sender_address-"
        "$local_part@$domain\n"
        "  defer domains = +taken\n"
        "  message = 451 4.7.1 Greylisted, please try again in a few minutes"
    },
    "callout": {"rcpt": "deny message = Sender verify failed\n  !verify = sender/callout=4s,no_cache"},
    "refusing_data": {"data": "deny message = 550 5.7.1 The content is not wanted"},
    "no_tls": {},
    "tls_unavailable": {},
    "tls_handshake": {},
}
"""ACL statements by stage. `callout` verifies senders by calling their mail host back, for four seconds.
`tls_unavailable` has lost its certificate (454 to STARTTLS), `tls_handshake` shares no cipher with anybody.
"""

_TLS = {
    "no_tls": "tls_advertise_hosts =",
    "tls_unavailable": "tls_advertise_hosts = *\ntls_certificate = %FOLDER%/lost.crt\n"
    "tls_privatekey = %FOLDER%/lost.key",
    "tls_handshake": "tls_advertise_hosts = *\ntls_certificate = %FOLDER%/peer.crt\n"
    "tls_privatekey = %FOLDER%/peer.key\n"
    ".ifdef _HAVE_GNUTLS\ntls_require_ciphers = NORMAL:-KX-ALL:+DHE-DSS:-VERS-ALL:+VERS-TLS1.2\n.else\n"
    "tls_require_ciphers = PSK-AES128-CBC-SHA256\nopenssl_options = +no_tlsv1_3\n.endif",
}
_USUAL_TLS = (
    "tls_advertise_hosts = *\ntls_certificate = %FOLDER%/peer.crt\ntls_privatekey = %FOLDER%/peer.key"
)

_OWN_DOMAINS = """\
  accept domains = +taken
  deny message = 550 5.7.1 Relaying to $domain is not permitted here
"""

_TEXT = """\
primary_hostname = %HOST%
%BANNER%local_interfaces = <; %ADDRESS%
daemon_smtp_ports = 25
exim_group = %GROUP%
spool_directory = %FOLDER%/spool
log_file_path = %FOLDER%/exim_%slog
log_selector = +smtp_connection
pid_file_path = %FOLDER%/pid
keep_environment =
rfc1413_query_timeout = 0s
helo_accept_junk_hosts = *
smtp_enforce_sync = false
smtp_accept_max = 100
deliver_drop_privilege = true
percent_hack_domains =
%TLS%
domainlist taken = %DOMAINS%
acl_smtp_connect = connect
acl_smtp_helo = helo
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data

begin acl
%ACLS%
begin routers
remote:
  driver = dnslookup
  domains = ! +taken
  transport = remote
  no_more
taken:
  driver = accept
  transport = mailbox

begin transports
remote:
  driver = smtp
mailbox:
  driver = appendfile
  file = %FOLDER%/mailbox
  user = %USER%
  group = %GROUP%
"""


def render(
    folder: Path,
    behaviour: str,
    address: str,
    host: str,
    domains: Sequence[str],
    delays: Mapping[str, float],
    banner: str,
    *,
    user: str,
    group: str,
) -> str:
    """The configuration of `behaviour` (one of BEHAVIOURS). `delays`: seconds by stage (see STAGES)."""
    values = {
        "HOST": host,
        "BANNER": f"smtp_banner = {banner}\n" if banner else "",
        "ADDRESS": address,
        "TLS": _TLS.get(behaviour, _USUAL_TLS),
        "DOMAINS": " : ".join(domains),
        "ACLS": "".join(_acl(stage, behaviour, delays) for stage in (*STAGES, "data")),
        "USER": user,
        "GROUP": group,
        "FOLDER": str(folder),
    }
    text = _TEXT
    for name, value in values.items():
        text = text.replace(f"%{name}%", value)
    return text


def _acl(stage: str, behaviour: str, delays: Mapping[str, float]) -> str:
    own = BEHAVIOURS[behaviour].get(stage, "")
    wait = f"  warn delay = {delays[stage]:g}s\n" if stage in delays else ""
    end = "  accept\n"
    if stage == "rcpt":
        end = _OWN_DOMAINS
    return f"{STAGES.get(stage, stage)}:\n{wait}" + (f"  {own}\n" if own else "") + end
