"""The patient probe: a real SMTP session with one of the server's own addresses.

It greets, asks for the capabilities and does a real STARTTLS handshake (RFC 5321, RFC 3207); it never sends
MAIL.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from mxverdict.collect.smtp_client import SmtpClient, SmtpError
from mxverdict.evidence import Probe, Tls
from mxverdict.i18n.message import Message, message_of

REPLY_TIMEOUT = 45.0
"""cPanel asks monitoring to allow 45 seconds on port 25 (Exim Configuration Manager, Basic Editor)."""

NAMES_LIMIT = 50
"""Names of a certificate that are kept."""

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME and
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN of OpenSSL, X509_VERIFY_PARAM_set_flags(3)
_WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH (x509_vfy.h)


def probe_all(
    addresses: Sequence[str], hostname: str, *, reply_timeout: float = REPLY_TIMEOUT
) -> tuple[Probe, ...]:
    """Probe port 25 of each address at the same time; `hostname` is the name the certificate should carry."""
    if not addresses:
        return ()
    with ThreadPoolExecutor(min(32, len(addresses))) as pool:
        return tuple(
            pool.map(lambda address: probe(address, hostname, reply_timeout=reply_timeout), addresses)
        )


def probe(address: str, hostname: str, *, port: int = 25, reply_timeout: float = REPLY_TIMEOUT) -> Probe:
    """Hold one session. What goes wrong is in `Probe.failure`; nothing is raised.

    `reply_timeout` is for each reply, in seconds.
    """
    client = SmtpClient(address, port, reply_timeout)
    failure = ""
    tls: Optional[Tls] = None
    try:
        client.connect()
        if client.hello(hostname).offers("STARTTLS"):
            tls = _handshake(client, hostname)
    except SmtpError as error:
        failure = message_of(error)
    finally:
        client.close()
    return Probe(address, tuple(client.stages), tls, failure)


def _handshake(client: SmtpClient, hostname: str) -> Tls:
    """STARTTLS on this connection; a certificate that is not trusted is read on fresh ones."""
    try:
        with client.starttls(ssl.create_default_context(), hostname) as connection:
            return tls_from_connection(connection, trusted=True, name_matches=True)
    except ssl.SSLCertVerificationError as error:
        return _untrusted(client, hostname, error)
    except (ssl.SSLError, OSError, SmtpError) as error:
        return Tls(handshake=False, problem=tls_error_text(error))


def _untrusted(first: SmtpClient, hostname: str, reason: ssl.SSLCertVerificationError) -> Tls:
    """Handshakes that pin the very certificate the server sends, to read its names and its end."""
    problem = reason.verify_message
    try:
        with _secured(first, hostname, unverified_context()) as connection:
            certificate = connection.getpeercert(binary_form=True)
            version = connection.version() or ""
        assert certificate is not None
        pinned = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        pinned.check_hostname = False
        pinned.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME | _PARTIAL_CHAIN)
        pinned.load_verify_locations(cadata=certificate)
        with _secured(first, hostname, pinned) as connection:
            seen = tls_from_connection(connection, trusted=False, name_matches=None, problem=problem)
            matches = any(_covers(name, hostname) for name in _names(connection.getpeercert() or {}))
    except ssl.SSLCertVerificationError:
        return Tls(handshake=True, version=version, trusted=False, problem=problem)
    except (ssl.SSLError, OSError, SmtpError) as error:
        return Tls(handshake=False, problem=tls_error_text(error))
    expired = seen.not_after is not None and seen.not_after < time.time()
    return Tls(
        handshake=True,
        version=seen.version,
        trusted=is_wrong_name(reason) and not matches,
        name_matches=matches,
        names=seen.names,
        not_after=seen.not_after,
        problem=Message("certificate has expired") if expired else problem,
    )


def _secured(first: SmtpClient, hostname: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A fresh connection to the same server after its handshake. Raises what `SmtpClient.starttls` does."""
    again = SmtpClient(first.address, first.port, first.reply_timeout)
    try:
        again.connect()
        again.hello(hostname)
        return again.starttls(context, hostname)
    except BaseException:
        again.close()
        raise


def unverified_context() -> ssl.SSLContext:
    """What a mail server without a policy for the receiver uses: it takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def is_wrong_name(error: ssl.SSLCertVerificationError) -> bool:
    """Whether the certificate is trusted but for another host."""
    return error.verify_code in _WRONG_NAME


def tls_error_text(error: Exception) -> str:
    """Return why a handshake failed, in one line."""
    if isinstance(error, SmtpError):
        return message_of(error)
    if isinstance(error, socket.timeout):
        return Message("the handshake did not finish in time")
    reason = getattr(error, "reason", "") or str(error) or type(error).__name__
    return str(reason).replace("_", " ").lower()


def tls_from_connection(
    connection: ssl.SSLSocket, *, trusted: bool, name_matches: Optional[bool], problem: str = ""
) -> Tls:
    """What a connection after its handshake shows."""
    certificate: dict[str, Any] = connection.getpeercert() or {}
    not_after = certificate.get("notAfter")
    return Tls(
        handshake=True,
        version=connection.version() or "",
        trusted=trusted,
        name_matches=name_matches,
        names=_names(certificate)[:NAMES_LIMIT],
        not_after=int(ssl.cert_time_to_seconds(not_after)) if not_after else None,
        problem=problem,
    )


def _names(certificate: dict[str, Any]) -> tuple[str, ...]:
    """The host names in what `getpeercert` says."""
    names = tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")
    return names or tuple(
        value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"
    )


def _covers(pattern: str, name: str) -> bool:
    """Whether a certificate name covers a host name (RFC 6125 section 6.4.3: one leading wildcard label)."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name
