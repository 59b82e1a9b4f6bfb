"""The catalogue of texts: takes the messages from the code, keeps the translations, compiles them.

    python -m tests.catalogue extract       mxverdict.pot from the code; new messages into each mxverdict.po
    python -m tests.catalogue take FILE     translations out of another .po file (a part of one will do)
    python -m tests.catalogue prune         forgets translations of messages that are no longer there
    python -m tests.catalogue compile       each mxverdict.mo from its mxverdict.po
    python -m tests.catalogue check         says what is wrong; exit status 1 when something is
    python -m tests.catalogue pseudo DIR    the language `xx`: each message in ⟦brackets⟧, into DIR/xx

A translation is never guessed, and the files hold neither dates nor line numbers: they change when texts do.
"""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from tests.catalogue.code import PACKAGE
from tests.catalogue.faults import faults, formless, stale, untranslated
from tests.catalogue.files import (
    TEMPLATE,
    compiled,
    content,
    file_of,
    languages,
    po_bytes,
    read,
    renewed,
    template,
)
from tests.catalogue.pseudo import pseudo


@contextmanager
def _alone() -> Iterator[None]:
    with (PACKAGE / "i18n/catalog.py").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, data: bytes) -> None:
    if content(path) != data:
        path.write_bytes(data)


def extract(taken: Optional[Path] = None, *, prune: bool = False) -> None:
    source = template()
    _write(TEMPLATE, po_bytes(source))
    for tag in languages():
        made = renewed(tag, read(file_of(tag), tag), source, read(taken, tag) if taken else None)
        if prune:
            made.obsolete.clear()
        _write(file_of(tag), po_bytes(made))
        _write(file_of(tag, ".mo"), compiled(tag))


def main(arguments: list[str]) -> int:
    what, *rest = arguments or ["check"]
    with _alone():
        if what == "pseudo" and rest:
            print(pseudo(Path(rest[0])))
        elif what in ("extract", "prune"):
            extract(prune=what == "prune")
        elif what == "take" and rest:
            for name in rest:
                extract(Path(name))
        elif what == "compile":
            for tag in languages():
                _write(file_of(tag, ".mo"), compiled(tag))
        elif what == "check":
            told = [*formless(), *stale()]
            for tag in languages():
                told += [*faults(tag), *untranslated(tag)]
            print("\n".join(told) or "nothing is wrong")
            return 1 if told else 0
        else:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
