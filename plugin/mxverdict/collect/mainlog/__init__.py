"""Exim's main log and reject log: which files, what a line says, and who came."""
