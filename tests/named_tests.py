"""Tests that tables and documents name as `FOLDER/FILE.py::FUNCTION`, below tests/."""

from __future__ import annotations

import ast

from tests.sandbox.server_files import REPOSITORY


def exists(named: str) -> bool:
    path, _, function = named.partition("::")
    file = REPOSITORY / "tests" / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text())
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body)
