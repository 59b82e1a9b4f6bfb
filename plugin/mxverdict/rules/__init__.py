"""The rules that findings are about: the registry of their identifiers, and what a page says of each.

Standard library only: the keeper uses the registry.
"""

from mxverdict.rules.registry import RULES, Rule

__all__ = ["RULES", "Rule"]
