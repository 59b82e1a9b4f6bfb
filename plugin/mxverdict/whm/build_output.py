"""What buildeximconf prints when Exim refuses the configuration that it has built."""

from __future__ import annotations

import re

from mxverdict.errors import CommandFailed
from mxverdict.i18n.message import Message
from mxverdict.sanitize import escape_control

_PLACE = re.compile(
    r"configuration error(?: in line (\d{1,9}) of ([^\s:]{1,300}))?"
    r"[^\S\n]{0,80}:?\s{0,80}([^\n]*(?<=:)\n[^\n]*|[^\n]*)"
)
_SHOWN = 300
"""Characters of Exim's complaint that are shown."""
_READ = 100_000


class BuildFailed(CommandFailed):
    """The configuration is refused, and every further build of it will be."""

    hint = Message(
        "The old configuration stays in force. A build fails in the same way until what is named is "
        "corrected: WHM, Exim Configuration Manager, Advanced Editor. Exempting the tester needs no build."
    )

    def __init__(self, command: str, status: int, output: str) -> None:
        super().__init__(command, status, output)
        named = complaint(output)
        if named:
            text = Message(
                "{command} ended with status {status}: Exim refuses the new configuration: {complaint}; "
                "correct that in WHM, Exim Configuration Manager, Advanced Editor",
                command=command,
                status=status,
                complaint=named,
            )
            self.args = (text,)


def complaint(output: str) -> str:
    """Return what Exim complains of, with line and file where it names them (`line 12 of
    /etc/exim.conf.buildtest.5: …`); "" where the output holds no complaint of Exim's."""
    found = _PLACE.search(output[:_READ])
    if found is None:
        return ""
    line, file, text = found.groups()
    said = escape_control(" ".join(text[:_SHOWN].split()))
    if not line:
        return said
    return Message("line {line} of {file}: {text}", line=line, file=escape_control(file), text=said)
