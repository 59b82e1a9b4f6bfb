"""What a mail server's refusal means: classes, patterns and status codes as data, with source and date.

The classes are comparable with the reasons of sisimai (https://libsisimai.org/en/reason/).
"""

from mxverdict.refusals.classifier import Classified, classify, refusal_verdict
from mxverdict.refusals.table import ClassFacts, RefusalClass, facts

__all__ = ["ClassFacts", "Classified", "RefusalClass", "classify", "facts", "refusal_verdict"]
