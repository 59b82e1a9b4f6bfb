"""The catalogue of texts is what the code and the translations yield, and its tool keeps what it is given."""

from __future__ import annotations

import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import NAMES
from mxverdict.i18n.message import Message
from tests.catalogue import code, faults
from tests.catalogue.files import (
    PSEUDO,
    Texts,
    file_of,
    languages,
    mo_bytes,
    po_bytes,
    read,
    renewed,
    template,
)
from tests.catalogue.pseudo import outside, pseudo, speaking_copy


def test_the_files_are_what_the_code_and_the_translations_yield() -> None:
    assert faults.stale() == []


def test_placeholders_have_plain_names() -> None:
    assert faults.formless() == []


def test_each_language_has_a_file() -> None:
    assert languages() == sorted(set(NAMES) - {"en"})


@pytest.mark.parametrize("tag", languages())
def test_translations_have_the_placeholders_and_plural_forms_of_their_messages(tag: str) -> None:
    assert faults.faults(tag) == []


def _package(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_messages_are_taken_from_code_and_templates(tmp_path: Path) -> None:
    source = 'A = _("one " "text")\nB = language.ngettext("{n} a", "{n} b", n)\nC = N_("c")\nD = _(C)\n'
    source += 'E = Message("kept {x}", x=1)\n'
    source += 'F = _("yes" if A else "no")\nG = other("not this")\nH = _("one text")\n'
    page = '{{ _("Left: %(time)s", time=x) }}{% trans count=n %}\n  {{ count }} a\n  b\n{% pluralize %}'
    page += "{{ count }} as{% endtrans %}"
    found = set(code.found(_package(tmp_path, a_py=source, b_html=page)))
    assert found == {
        ("a.py", "one text"),
        ("a.py", ("{n} a", "{n} b")),
        ("a.py", "c"),
        ("a.py", "kept {x}"),
        ("a.py", "yes"),
        ("a.py", "no"),
        ("b.html", "Left: %(time)s"),
        ("b.html", ("%(count)s a b", "%(count)s as")),
    }


@pytest.mark.parametrize("text", ['_(f"{x} a")', '_("a" + x)', '_("{x}".format(x=1))', 'Message("%s" % x)'])
def test_a_message_that_is_put_together_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.py:1: a message has to be a plain text"):
        list(code.found(_package(tmp_path, a_py=text)))


def test_a_name_that_hides_messages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.py:1: messages are not looked for in kept\(\)"):
        list(
            code.found(
                _package(tmp_path, a_py='from mxverdict.i18n.catalog import gettext as kept\nkept("x")')
            )
        )


def test_two_plurals_of_one_text_are_refused() -> None:
    with pytest.raises(ValueError, match="another plural"):
        template([("a.py", ("one", "two")), ("b.py", ("one", "three"))])


def test_a_text_with_and_without_a_plural_stands_once() -> None:
    (message,) = [one for one in template([("a", "x"), ("b", ("x", "y"))]) if one.id]
    assert message.id == ("x", "y")


def _german(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "de.po"
    path.write_text(text, encoding="utf-8")
    return read(path, "de")


def test_what_leaves_the_code_keeps_its_translation_and_gets_it_back(tmp_path: Path) -> None:
    known = _german(tmp_path, 'msgid "old"\nmsgstr "alt"\n\nmsgid "new"\nmsgstr ""\n')
    gone = po_bytes(renewed("de", known, template([("a.py", "new")])))
    assert b'#~ msgid "old"\n#~ msgstr "alt"' in gone
    known = _german(tmp_path, gone.decode())
    back = po_bytes(renewed("de", known, template([("a.py", "new"), ("a.py", "old")])))
    assert b'#: a.py\nmsgid "old"\nmsgstr "alt"' in back
    assert b"#~" not in back


def test_nothing_is_guessed(tmp_path: Path) -> None:
    known = _german(tmp_path, 'msgid "{n} problems"\nmsgstr "{n} Probleme"\n')
    made = renewed("de", known, template([("a.py", "{n} problem")]))
    assert [message.string for message in made if message.id] == [None]


def test_translations_of_another_file_are_taken_for_messages_that_there_are(tmp_path: Path) -> None:
    known = _german(tmp_path, '#, fuzzy\nmsgid "a"\nmsgstr "x"\n\nmsgid "b"\nmsgstr "y"\n')
    taken = _german(tmp_path, 'msgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr ""\n\nmsgid "c"\nmsgstr "C"\n')
    made = renewed("de", known, template([("a.py", "a"), ("a.py", "b")]), taken)
    assert [(one.id, one.string, one.fuzzy) for one in made if one.id] == [
        ("a", "A", False),
        ("b", "y", False),
    ]
    assert not made.obsolete


def test_the_files_hold_neither_dates_nor_line_numbers() -> None:
    text = po_bytes(template([("a.py", "one"), ("b.html", "two")])).decode()
    assert "Date" not in text
    assert "#: a.py\n" in text


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "{a} is"\nmsgstr "{b} ist"', "other placeholders: {a} is → {b} ist"),
        ('msgid "%(a)s is"\nmsgstr "ist"', "other placeholders: %(a)s is → ist"),
        ('msgid "{a} is"\nmsgstr "{a:g} ist"', "{a} is no placeholder with a plain name: {a} is"),
        ('msgid "{a} is"\nmsgstr "{a ist"', "expected '}' before end of string: {a} is"),
        (
            'msgid "{n} a"\nmsgid_plural "{n} b"\nmsgstr[0] "{n} c"\nmsgstr[1] ""',
            "a plural form is missing: {n} a",
        ),
        (
            'msgid "one"\nmsgid_plural "{n} b"\nmsgstr[0] "eins"\nmsgstr[1] "viele"',
            "other placeholders: one → viele",
        ),
    ],
)
def test_a_faulty_translation_is_told(
    entry: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "de.po"
    path.write_text(entry + "\n", encoding="utf-8")
    monkeypatch.setattr(faults, "file_of", lambda tag: path)
    assert f"de: {fault}" in faults.faults("de")


@pytest.mark.parametrize(
    "entry",
    [
        'msgid "one"\nmsgid_plural "{n} b"\nmsgstr[0] "eins"\nmsgstr[1] "{n} x"',
        'msgid "one"\nmsgid_plural "{n} b"\nmsgstr[0] "{n} y"\nmsgstr[1] "{n} x"',
        'msgid "%(a)s is"\nmsgstr "ist %(a)s"',
        'msgid "{a} is"\nmsgstr ""',
    ],
)
def test_a_right_translation_is_not_complained_of(
    entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "de.po"
    path.write_text(entry + "\n", encoding="utf-8")
    monkeypatch.setattr(faults, "file_of", lambda tag: path)
    assert faults.faults("de") == []


def test_what_is_not_translated_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "de.po"
    path.write_text(
        '#, fuzzy\nmsgid "b"\nmsgstr "B"\n\nmsgid "c"\nmsgstr "C"\n\n#~ msgid "d"\n#~ msgstr "D"\n'
    )
    monkeypatch.setattr(faults, "file_of", lambda tag: path)
    monkeypatch.setattr(faults, "template", lambda: template([("x", name) for name in "abc"]))
    assert faults.untranslated("de") == [
        "de: no longer in the code (prune): d",
        "de: not translated: a",
        "de: fuzzy: b",
    ]


def test_the_language_of_tests_has_every_message_in_brackets(tmp_path: Path) -> None:
    with pseudo(tmp_path).open("rb") as file:
        spoken = GNUTranslations(file)
    for message in template():
        if message.id:
            one, many = (message.id, "") if isinstance(message.id, str) else message.id
            if many:
                assert [spoken.ngettext(one, many, count) for count in (1, 2)] == [f"⟦{one}⟧", f"⟦{many}⟧"]
            else:
                told = spoken.pgettext(message.context, one) if message.context else spoken.gettext(one)
                assert told == f"⟦{one}⟧"


def test_a_copy_of_the_plugin_speaks_it(tmp_path: Path) -> None:
    program = (
        "from mxverdict.i18n.catalog import activate, current_tag, gettext\n"
        "activate('xx'); print(current_tag(), gettext('Problem'))"
    )
    environment = {"PYTHONPATH": str(speaking_copy(tmp_path)), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == "xx ⟦Problem⟧\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [("⟦a⟧", ""), ("a ⟦b ⟦c⟧ d⟧ e", "a  e"), ("plain", "plain"), ("⟦a⟧ b ⟦c⟧", " b "), ("⟦a", "⟦a")],
)
def test_what_stands_outside_of_the_brackets(text: str, left: str) -> None:
    assert outside(text) == left


def test_each_message_is_translated_with_its_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pseudo(tmp_path)
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    monkeypatch.setitem(catalog.NAMES, PSEUDO, PSEUDO)
    catalog.activate(PSEUDO)
    try:
        for message in template():
            if "python-brace-format" in message.flags and isinstance(message.id, str):
                values = {name: f"<{name}>" for name in faults.names(message.id)}
                assert Message(message.id, **values).translated() == f"⟦{message.id}⟧".format(**values)
    finally:
        catalog.activate("en")


def test_the_compiled_file_leaves_out_what_is_fuzzy(tmp_path: Path) -> None:
    known = _german(tmp_path, '#, fuzzy\nmsgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr "B"\n')
    path = tmp_path / "de.mo"
    path.write_bytes(mo_bytes(renewed("de", known, template([("x", "a"), ("x", "b")]))))
    with path.open("rb") as file:
        spoken = GNUTranslations(file)
    assert (spoken.gettext("a"), spoken.gettext("b")) == ("a", "B")


def test_the_template_says_nothing_in_its_own_name() -> None:
    assert Texts("").mime_headers[1] == ("Language", "")
    assert file_of("de").name == "mxverdict.po"
