"""A tester's report, pasted: what it says, and what of it is true. Pure: no file, no network, no clock."""

from mxverdict.pasted.answer import Answer, Explanation, answer
from mxverdict.pasted.model import Pasted, PastedRefusal, PastedRow, Subject, Unrecognised
from mxverdict.pasted.recognise import recognise
from mxverdict.pasted.refusal_answer import RefusalAnswer

__all__ = [
    "Answer",
    "Explanation",
    "Pasted",
    "PastedRefusal",
    "PastedRow",
    "RefusalAnswer",
    "Subject",
    "Unrecognised",
    "answer",
    "recognise",
]
