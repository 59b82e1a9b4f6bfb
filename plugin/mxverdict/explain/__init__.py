"""A tester's report, pasted: what it says, and what of it is true. Pure: no file, no network, no clock."""

from mxverdict.explain.answer import Answer, Explanation, answer
from mxverdict.explain.pasted import Pasted, PastedRow, Subject, Unrecognised
from mxverdict.explain.recognise import recognise

__all__ = [
    "Answer",
    "Explanation",
    "Pasted",
    "PastedRow",
    "Subject",
    "Unrecognised",
    "answer",
    "recognise",
]
