"""A page is added by a module and one entry in the table of `web.routes`, and goes through all of WHM."""

from __future__ import annotations

import shutil
from pathlib import Path

from mxverdict.audit.reader import AuditFilter, read_before
from mxverdict.host import Host
from tests.integration.sandbox_whm.helpers import Https
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY
from tests.unit.web import made_up_page
from tests.unit.web.made_up_page import SENTENCE

ENTRY = """
VIEWS["made-up"] = View(_page("made_up"), ROOT_ALONE, "Refused: the page made up", "Made up")
"""


def test_a_page_by_one_entry(https: Https, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    shutil.copytree(REPOSITORY / "plugin", plugin, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(str(made_up_page.__file__), plugin / "mxverdict/web/pages/made_up.py")
    path = install_plugin(https.root, plugin_dir=plugin)
    root = https.login("root")
    assert https.get(f"{root}{path}?view=made-up").status_code == 404
    with (plugin / "mxverdict/web/routes.py").open("a") as routes:
        routes.write(ENTRY)

    page = https.get(f"{root}{path}?view=made-up")
    assert page.status_code == 200
    assert SENTENCE in page.text
    assert page.text.index("<html") < page.text.index('<div id="mxverdict"') < page.text.index("</html>")
    assert 'href="?view=made-up" aria-current="page"' in page.text

    alice = https.login("alice")
    refused = https.get(f"{alice}{path}?view=made-up")
    assert refused.status_code == 403
    assert SENTENCE not in refused.text
    assert "made-up" not in refused.text
    assert "view=made-up" not in https.get(alice + path).text
    host = Host(https.root)
    [entry] = read_before(host, AuditFilter(lambda _entry: True), None, 10).entries
    assert (entry.action, entry.user, entry.kind) == ("refused", "alice", "view=made-up")
    assert "Refused: the page made up" in https.get(f"{https.login('root')}{path}?view=history").text
