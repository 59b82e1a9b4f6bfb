"""Lines of evidence about a session and the truth behind it."""

from __future__ import annotations

from mxverdict.evidence import Reply
from mxverdict.i18n.catalog import decimal
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.smtp.ground_truth import GroundTruth, ptr_line


def foreign_recipient(reply: Reply) -> str:
    answer = f"{reply.code} {' '.join(reply.lines)}"
    return _("Exim answers the foreign recipient: {reply}").format(reply=answer)


def ptr_lines(truth: GroundTruth) -> tuple[str, ...]:
    if truth.ptr_error:
        return (
            _("PTR of {address}: {names}").format(address=truth.address, names=translate(truth.ptr_error)),
        )
    return (ptr_line(truth),)


def banner_lines(truth: GroundTruth) -> tuple[str, ...]:
    if truth.greeting is None or truth.greeting_seconds is None:
        return ()
    first = truth.greeting.partition("\n")[0]
    line = _("Real banner, {seconds} s after connecting from the server: {banner}")
    return (line.format(seconds=decimal(truth.greeting_seconds, 3), banner=first),)


def probe_lines(truth: GroundTruth) -> tuple[str, ...]:
    if not truth.probe_failure:
        return ()
    line = _("Own conversation with {address}: {failure}")
    return (line.format(address=truth.address, failure=truth.probe_failure),)


def tls_lines(truth: GroundTruth) -> tuple[str, ...]:
    tls = truth.tls
    if tls is None:
        return (_("STARTTLS is not in the real EHLO reply"),) if truth.offers_starttls is False else ()
    if not tls.handshake:
        return (_("Real handshake failed: {problem}").format(problem=translate(tls.problem)),)
    line = (
        _("Real handshake: {version}, certificate for {names}")
        if tls.names
        else _("Real handshake: {version}")
    ).format(version=tls.version, names=", ".join(tls.names[:5]))
    return (f"{line} ({translate(tls.problem)})" if tls.problem else line,)
