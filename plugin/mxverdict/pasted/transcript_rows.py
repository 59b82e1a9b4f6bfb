"""The rows that a transcript proves when it is pasted without its report."""

from __future__ import annotations

from collections.abc import Iterator

from mxverdict.pasted.model import MXTOOLBOX, PastedRow, PastedSession
from mxverdict.testers import load, row_texts
from mxverdict.testers.row_texts import HEADLINE


def rows_of(session: PastedSession, host: str = "") -> Iterator[PastedRow]:
    """Yield each row with the words of the transcript; `host` is what it is about when it does not say so
    itself. Of its times only those are judged whose level is beyond doubt."""
    about = session.address or host

    def row(name: str, level: str, text: str, seconds: str = "") -> PastedRow:
        rule = row_texts.load("smtp")[name].rule
        values = (("seconds", seconds),) if seconds else ()
        return PastedRow(MXTOOLBOX, "smtp", name, rule, level, text, about, values, line=max(session.line, 1))

    if session.gave_up is not None:
        text = row_texts.load("smtp")[HEADLINE].older[0].format(seconds=f"{session.gave_up:g}")
        yield row(HEADLINE, "error", text, f"{session.gave_up:g}")
        return
    if session.greeting_milliseconds is not None:
        seconds = session.greeting_milliseconds / 1000
        yield row("SMTP Connection Time", _level(seconds), session.banner, f"{seconds:.3f}")
    if session.starttls is not None:
        text = "STARTTLS" if session.starttls else "no STARTTLS"
        yield row("SMTP TLS", "ok" if session.starttls else "warning", text)
    if session.recipient:
        relays = session.recipient.startswith("2")
        yield row("SMTP Open Relay", "error" if relays else "ok", session.recipient)
    if session.milliseconds is not None and session.banner:
        seconds = session.milliseconds / 1000
        if _level(seconds) == "ok":
            text = f"LookupServer {session.milliseconds}ms"
            yield row("SMTP Transaction Time", "ok", text, f"{seconds:.3f}")


def _level(seconds: float) -> str:
    warned = load().tester(MXTOOLBOX).warn_seconds
    return "ok" if seconds < warned else "warning"
