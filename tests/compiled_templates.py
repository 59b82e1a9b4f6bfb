"""Jinja2 templates compiled once a process, not once for each environment."""

from __future__ import annotations

from types import CodeType
from typing import Any

import pytest
from jinja2 import Environment


def share(patched: pytest.MonkeyPatch) -> None:
    """Let environments that are set up alike share what a template is compiled to.

    A page keeps compiled templates in its server's state folder, and each test has a server of its own.
    """
    compiled: dict[Any, CodeType] = {}
    compile_template = Environment.compile

    def compile(self: Environment, source: Any, *named: Any, **options: Any) -> Any:
        key = (
            (source, named, tuple(options.items())),
            (self.autoescape, self.finalize, self.undefined, self.trim_blocks, self.lstrip_blocks),
            *(tuple(sorted(each)) for each in (self.extensions, self.filters, self.tests)),
            str(self.policies),
        )
        if key not in compiled:
            compiled[key] = compile_template(self, source, *named, **options)
        return compiled[key]

    patched.setattr(Environment, "compile", compile)
