"""A tester's report, pasted: what it says, and what of it is true. Pure: no file, no network, no clock."""

from mxverdict.pasted.answer import Answer, Explanation, answer
from mxverdict.pasted.model import Pasted, PastedRow, Subject, Unrecognised
from mxverdict.pasted.recognise import recognise

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
