"""What reading a pasted report costs. Run by hand: `python -m tests.bench.pasted`.

Each text of `tests/corpus` and some hostile ones, repeated to 200 kB: the CPU seconds to read it, the slowest
first, and how many times as long as a single letter repeated that is. The goal is one second on an idle core.
"""

from __future__ import annotations

import time
from pathlib import Path

from mxverdict.pasted import recognise
from tests.unit.pasted.test_recognise import HOSTILE

_BYTES = 200_000
_CORPUS = Path(__file__).parents[1] / "corpus"
_SHOWN = 10


def _seconds(text: str) -> float:
    filled = (text * (_BYTES // len(text.encode("utf-8", "replace")) + 1))[:_BYTES]
    started = time.process_time()
    recognise(filled)
    return time.process_time() - started


def main() -> None:
    files = [file for file in _CORPUS.rglob("*") if file.is_file() and file.suffix != ".tsv"]
    texts = {file.name: text for file in files if (text := file.read_text(encoding="utf-8"))}
    texts |= {repr(piece): piece for piece in HOSTILE}
    recognise("")
    usual = _seconds("a")
    found = sorted(((_seconds(text), name) for name, text in texts.items()), reverse=True)
    for seconds, name in found[:_SHOWN]:
        print(f"{seconds:6.2f} s  {seconds / usual:6.1f} times  {name}")


if __name__ == "__main__":
    main()
