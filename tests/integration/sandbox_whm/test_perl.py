"""The Perl modules of WHM that plugins use, the plugin's own, and frame.pl."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mxverdict.whm import frame
from mxverdict.whm.csp_hashes import inline_hashes
from tests.integration.sandbox_whm.helpers import PLUGIN_CONF, REPOSITORY, command
from tests.sandbox.plugin import install_plugin

DRIVERS = "usr/local/cpanel/Cpanel/Config/ConfigObj/Driver"
TOKEN = "/cpsess0123456789"
ENTRY = f'<li><a href="{TOKEN}/cgi/addons/mxverdict/index.cgi" target="_self"'


def perl(root: Path, program: str, **environment: str) -> str:
    library = f"use lib '{root}/usr/local/cpanel'; "
    done = command(root, "3rdparty/bin/perl", "-e", library + program, env=environment)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def header(root: Path, arguments: str, user: str = "root") -> str:
    program = f"use Whostmgr::HTMLInterface; Whostmgr::HTMLInterface::defheader({arguments});"
    return perl(root, program, REMOTE_USER=user, cp_security_token=TOKEN)


# Privileges

PRIVILEGES = [
    ({"REMOTE_USER": "root"}, "1", "1"),
    ({"REMOTE_USER": "alice"}, "0", "1"),
    ({"REMOTE_USER": "bob"}, "0", "0"),
    ({}, "0", "0"),
    ({"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "full"}, "1", "1"),
    ({"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "reading"}, "0", "0"),
    ({"REMOTE_USER": "root", "WHM_API_TOKEN_NAME": "unknown"}, "0", "0"),
    ({"REMOTE_USER": "alice", "WHM_API_TOKEN_NAME": "full"}, "0", "1"),
]


@pytest.mark.parametrize(("environment", "has_root", "has_plugin"), PRIVILEGES)
def test_perl_tells_privileges(
    root: Path, environment: dict[str, str], has_root: str, has_plugin: str
) -> None:
    program = (
        "use Whostmgr::ACLS; Whostmgr::ACLS::init_acls(); "
        "print Whostmgr::ACLS::hasroot(), Whostmgr::ACLS::checkacl('software-mxverdict');"
    )
    assert perl(root, program, **environment) == has_root + has_plugin


@pytest.mark.parametrize(("environment", "has_root", "has_plugin"), PRIVILEGES)
@pytest.mark.parametrize("framed", [False, True])
def test_our_program_tells_the_same(
    root: Path, environment: dict[str, str], has_root: str, has_plugin: str, framed: bool
) -> None:
    levels = {"11": frame.ROOT, "01": frame.DELEGATED, "00": frame.NONE}
    asked = frame.start(environment, str(root), framed=framed)
    expected = levels[has_root + has_plugin]
    assert asked.level == expected
    assert bool(asked.header) is bool(asked.footer) is (framed and expected != frame.NONE)


# Header, menu and footer


def test_perl_prints_header_and_forgotten_footer(root: Path) -> None:
    page = header(root, "'A & B'")
    assert "<title>WHM - A &amp; B</title>" in page
    assert "<h1>A &amp; B</h1>" in page
    assert f'href="{TOKEN}/"' in page
    assert page.endswith("</body></html>\n")
    assert page.count("</main>") == 1


def test_a_plugin_stands_in_the_menu_of_those_who_may_use_it(root: Path, plugin: Path) -> None:
    for user, sees in (("root", True), ("alice", True), ("bob", False)):
        page = header(root, "'Other'", user)
        assert (f"{ENTRY}>" in page) is sees
        assert ("MX Verdict &lt;1&gt;</a></li>" in page) is sees


@pytest.mark.parametrize(
    ("app_key", "marked"),
    [(", 'plugins_mxverdict'", True), (", 'plugins_other'", False), (", 'mxverdict'", False), ("", False)],
)
def test_the_menu_marks_the_plugin_of_the_ninth_argument(
    root: Path, plugin: Path, app_key: str, marked: bool
) -> None:
    third = "/cgi/addons/mxverdict/index.cgi"
    page = header(
        root, f"'MX Verdict', '/addon_plugins/mxverdict.png', '{third}', 0, 1, 0, 0, 'yui'{app_key}"
    )
    assert (f'{ENTRY} aria-current="page">' in page) is marked


def test_the_menu_forgets_what_is_unregistered(root: Path, plugin: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text(PLUGIN_CONF.replace("=mxverdict", "=other").replace("MX Verdict <1>", "Other's: 'a'"))
    assert command(root, "bin/register_appconfig", other).returncode == 0
    assert "Other's: 'a'</a>" in header(root, "'Page'")
    assert command(root, "bin/unregister_appconfig", "other").returncode == 0
    page = header(root, "'Page'")
    assert "Other" not in page
    assert ENTRY in page


def test_our_program_prints_a_whole_frame(root: Path) -> None:
    install_plugin(root)
    path = "/cgi/addons/mxverdict/index.cgi"
    environ = {"REMOTE_USER": "alice", "cp_security_token": TOKEN, "SCRIPT_NAME": path}
    asked = frame.start(environ, str(root), framed=True)
    assert asked.header.startswith("<!DOCTYPE html>")
    assert asked.header.endswith('<main class="whm-main" id="contentContainer">\n')
    assert f'{ENTRY} aria-current="page">' in asked.header
    assert f'<nav class="breadcrumb" aria-label="Breadcrumb"><a href="{TOKEN}/">Home</a>' in asked.header
    assert f'src="{TOKEN}/addon_plugins/mxverdict.png" alt=""> <a href="{TOKEN}{path}">' in asked.header
    assert "<h1" not in asked.header
    assert asked.footer.startswith("</main>")
    assert asked.footer.endswith("</body></html>\n")
    assert sum("sha256" in one for one in inline_hashes(asked.header + asked.footer)) == 2


@pytest.mark.parametrize(
    ("module", "broken"),
    [
        ("Whostmgr/ACLS.pm", (frame.NONE, False)),
        ("Whostmgr/HTMLInterface.pm", (frame.DELEGATED, False)),
    ],
)
@pytest.mark.parametrize("content", [None, "package Broken; this is no Perl", "die 'on purpose'", "exit 0;"])
def test_a_broken_whm_gives_no_privileges_and_no_frame(
    root: Path, module: str, broken: tuple[str, bool], content: str | None
) -> None:
    path = root / "usr/local/cpanel" / module
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    asked = frame.start({"REMOTE_USER": "alice"}, str(root), framed=True)
    assert (asked.level, bool(asked.header)) == broken


# The driver of the privilege


def driver(root: Path, expression: str) -> str:
    name = "Cpanel::Config::ConfigObj::Driver::MXVerdict"
    return perl(root, f"require {name}::META; require {name}; print {expression.replace('DRIVER', name)};")


def test_the_privilege_is_off_unless_root_ticks_it(root: Path) -> None:
    install_plugin(root)
    for key, value in (
        ("acl", "software-mxverdict"),
        ("default_value", "0"),
        ("default_ui_value", "0"),
        ("acl_subcat", "Third-Party Services"),
    ):
        described = f"scalar(@{{ DRIVER->acl_desc() }}), DRIVER->acl_desc()->[0]{{'{key}'}}"
        assert driver(root, described) == f"1{value}"


def test_the_driver_tells_about_itself(root: Path) -> None:
    install_plugin(root)
    assert driver(root, "DRIVER::META::meta_version()") == "1"
    assert driver(root, "DRIVER->init({})->info()") == driver(root, "DRIVER::META->abstract()")
    assert driver(root, "DRIVER::META->content()->{'version'} eq $DRIVER::VERSION") == "1"


def test_the_metadata_does_not_load_the_driver(root: Path) -> None:
    install_plugin(root)
    module = "Cpanel/Config/ConfigObj/Driver/MXVerdict"
    assert perl(root, f"require '{module}/META.pm'; print exists $INC{{'{module}.pm'}} ? 1 : 0") == "0"


@pytest.mark.parametrize(
    "file",
    ["plugin/mxverdict/whm/frame.pl", "appconfig/MXVerdict.pm", "appconfig/MXVerdict/META.pm"],
)
def test_our_perl_compiles_without_a_warning(root: Path, file: str) -> None:
    library = root / "usr/local/cpanel"
    done = subprocess.run(
        [library / "3rdparty/bin/perl", f"-I{library}", "-wc", REPOSITORY / file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == f"{REPOSITORY / file} syntax OK\n"
