"""The documents name tests, files and sections that exist, and so does code that cites a document."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.named_tests import exists
from tests.sandbox.server_files import REPOSITORY

DOCUMENTS = sorted({*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")})
_CODE = ("plugin", "tests", "bin", "cgi", "appconfig", ".ci", "install.sh", "uninstall.sh", "pyproject.toml")
_NOT_OURS = {"node_modules", "__pycache__", "corpus"}
_ROOTS = (REPOSITORY, REPOSITORY / "plugin/mxverdict", REPOSITORY / "tests", REPOSITORY / "tests/sandbox")
"""Where paths in documents begin."""

_CITED = re.compile(r"(?<![\w./:-])[\w./-]+\.md\b(?!\.)")
_SECTION = r"(?:[A-Z]\.)?\d+(?:\.\d+)*"
_CITED_SECTIONS = re.compile(rf"(?<![\w./-])([\w./-]+\.md) ({_SECTION}(?:(?:, | to | and ){_SECTION})*)")
_HEADING = re.compile(rf"^#+ ({_SECTION})\.? ", re.MULTILINE)
_UNFILED = re.compile(r"\b[A-Z]{5,} section \d|\bfacts +sheet\b")
"""How papers were cited that are not in the repository."""
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_MADE = (".venv-tests/", ".demo/")
"""Folders that commands make; they are not in the repository."""
_PATH = re.compile(r"`([a-z.][\w-]*(?:/[\w.*-]+)+/?)`")


@cache
def code() -> dict[str, str]:
    """The text of each file of ours that is not a document, on one line; of a binary file what is text."""
    paths = [path for name in _CODE for path in (REPOSITORY / name, *(REPOSITORY / name).rglob("*"))]
    return {
        name_of(path): " ".join(path.read_text(encoding="utf-8", errors="ignore").split())
        for path in paths
        if path.is_file() and not _NOT_OURS & set(path.relative_to(REPOSITORY).parts)
    }


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("name", ["docs/security.md", "docs/architecture.md"])
def test_each_test_that_is_named_exists(name: str) -> None:
    named = re.findall(r"`([\w/]+\.py::\w+)`", (REPOSITORY / name).read_text(encoding="utf-8"))
    assert named
    assert [test for test in named if not exists(test)] == []


def test_each_document_that_code_cites_is_in_the_repository() -> None:
    cited = {(file, document) for file, text in code().items() for document in _CITED.findall(text)}
    assert cited
    assert [one for one in sorted(cited) if not (REPOSITORY / one[1]).is_file()] == []


def test_no_code_cites_a_paper_without_a_file() -> None:
    found = {(file, words) for file, text in code().items() for words in _UNFILED.findall(text)}
    assert found == set()


def test_each_section_that_code_cites_is_in_its_document() -> None:
    cited = {
        (file, document, section)
        for file, text in code().items()
        for document, sections in _CITED_SECTIONS.findall(text)
        for section in re.findall(_SECTION, sections)
    }
    assert cited
    headings = {
        name_of(document): set(_HEADING.findall(document.read_text(encoding="utf-8")))
        for document in DOCUMENTS
    }
    assert [one for one in sorted(cited) if one[2] not in headings.get(one[1], ())] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_each_file_that_a_document_leads_to_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = {link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link}
    assert [link for link in sorted(links) if not (document.parent / link).exists()] == []
    paths = sorted(path for path in set(_PATH.findall(text)) if not path.startswith(_MADE))
    assert [path for path in paths if not any(list(root.glob(path)) for root in _ROOTS)] == []
