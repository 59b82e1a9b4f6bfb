"""The marked test message that `mxverdict outbound --send` delivers."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

SUBJECT = "MX Verdict test message"

_TEXT = """\
This is a test message. It shows that mail from {hostname} reaches {recipient}.

It was sent by hand, once, with the command `mxverdict outbound` on {hostname}.
Nothing needs to be done. Please do not answer it.
"""


def build(sender: str, recipient: str, hostname: str) -> tuple[str, bytes]:
    """The Message-ID and the message as it goes through DATA: CRLF line ends, leading dots doubled, the
    closing dot included (RFC 5321 section 4.5.2). `sender` and `recipient` are plain mail addresses. Marked
    as automatic so that nobody answers it (RFC 3834 section 5)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"MX Verdict on {hostname} <{sender}>"
    message["To"] = recipient
    message["Subject"] = SUBJECT
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=hostname)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT.format(hostname=hostname, recipient=recipient), cte="7bit")
    lines = message.as_bytes().split(b"\r\n")
    body = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    return str(message["Message-ID"]), body + b".\r\n"
