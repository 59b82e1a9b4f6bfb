"""Prints the table of privileges; `--write` writes it and its document into the repository."""

from __future__ import annotations

import sys

from tests.privileges.expected import table, written

if sys.argv[1:] == ["--write"]:
    for path, text in written().items():
        path.write_text(text)
else:
    sys.stdout.write(table())
