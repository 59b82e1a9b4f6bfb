"""Words and pictures that say how a row came out."""

from __future__ import annotations

from typing import Optional

LISTED = "listed"
_OK = (
    "ok pass passed passes passing good success ✓ ✔ √ ✅ ☑ 🟢 🟩 👍 white_check_mark heavy_check_mark "
    "check_mark "
    "large_green_circle green_circle bestanden correcto réussi aprobado"
)
_WARNING = (
    "warn warning warnings ⚠ 🟡 🟠 🟨 🟧 ❗ ❕ 🔶 large_yellow_circle yellow_circle orange_circle "
    "exclamation warnung hinweis advertencia aviso avertissement"
)
_ERROR = (
    f"error fail fails failed failing failure problem critical {LISTED} x × ✗ ✘ ✖ ✕ ❌ 🔴 🟥 🚫 ⛔ 🛑 👎 "
    "red_circle no_entry no_entry_sign cross_mark octagonal_sign fehler fehlgeschlagen kritisch problema "
    "crítico falló erreur échec critique"
)
_UNKNOWN = "timeout unknown"
_LEVELS = {
    word: level
    for level, spellings in (("ok", _OK), ("warning", _WARNING), ("error", _ERROR), ("unknown", _UNKNOWN))
    for word in spellings.split()
}
_HEADINGS = {
    **dict.fromkeys(("warnings", "warnungen", "advertencias", "avertissements"), "warning"),
    **dict.fromkeys(("errors", "problems", "failures", "failed", "fehler", "probleme", "errores"), "error"),
    **dict.fromkeys(("passed", "passes", "bestanden"), "ok"),
}


_COUNTED = ("tests", "checks", "rows", "results", "items", "found", "test", "all")


def level_of(word: str) -> str:
    """Return `ok`, `warning`, `error` or `unknown`; "" for a word that says none. In small letters."""
    return _LEVELS.get(word, "")


def is_level(word: str) -> bool:
    return word in _LEVELS


def is_picture(word: str) -> bool:
    """Whether a level is a tick or cross rather than a word."""
    return is_level(word) and not any(map(str.isalnum, word))


def of_heading(terms: list[str]) -> Optional[str]:
    """Return the level that a heading of a few words gives to the lines below it (`Failed tests`, `3
    warnings`)."""
    if len(terms) > 3 or not all(word in _HEADINGS or word in _COUNTED or word.isdigit() for word in terms):
        return None
    return next((_HEADINGS[word] for word in terms if word in _HEADINGS), None)
