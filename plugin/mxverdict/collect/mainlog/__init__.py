"""Exim's main log and reject log: which files, what a line says, and who came."""

from mxverdict.collect.mainlog.visit_reader import read_visits

__all__ = ["read_visits"]
