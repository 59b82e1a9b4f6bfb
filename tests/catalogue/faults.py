"""What is wrong with the catalogue, one line each."""

from __future__ import annotations

from string import Formatter

from tests.catalogue.files import (
    PERCENT,
    TEMPLATE,
    Texts,
    compiled,
    content,
    file_of,
    key,
    languages,
    po_bytes,
    read,
    renewed,
    template,
    translated,
)


def names(text: str) -> set[str]:
    """The placeholders of a message. Raises ValueError for one without a name, or with a format."""
    if percents := set(PERCENT.findall(text)):
        return percents
    fields: set[str] = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None:
            if not name.isidentifier() or form or conversion:
                raise ValueError(f"{{{name}}} is no placeholder with a plain name")
            fields.add(name)
    return fields


def faults(tag: str) -> list[str]:
    """Placeholders and plural forms that are wrong in the translations of a language."""
    told = []
    for message in read(file_of(tag), tag):
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        if not message.id or not any(forms):
            continue
        if len(ids) > 1 and (len(forms) != Texts(tag).num_plurals or not all(forms)):
            told.append(f"{tag}: a plural form is missing: {ids[0]}")
            continue
        for number, form in enumerate(forms):
            try:
                fits = names(str(form)) in ([names(ids[-1])] if number else [names(one) for one in ids])
            except ValueError as error:
                fits = False
                told.append(f"{tag}: {error}: {ids[0]}")
            if not fits:
                told.append(f"{tag}: other placeholders: {ids[0]} → {form}")
    return told


def untranslated(tag: str) -> list[str]:
    """The messages of the code that a language lacks or has only guessed, and those it has beside them."""
    known = read(file_of(tag), tag)
    told = [f"{tag}: no longer in the code (prune): {key(one)}" for one in known.obsolete.values()]
    for message in template():
        if message.id:
            have = known.get(message.id, message.context)
            if have is None or not translated(have, all):
                told.append(f"{tag}: not translated: {message.id}")
            elif have.fuzzy:
                told.append(f"{tag}: fuzzy: {message.id}")
    return told


def stale() -> list[str]:
    """Files that are not what the code, and the translations, yield."""
    source = template()
    told = [] if content(TEMPLATE) == po_bytes(source) else [f"{TEMPLATE.name}: run tests.catalogue extract"]
    for tag in languages():
        if content(file_of(tag)) != po_bytes(renewed(tag, read(file_of(tag), tag), source)):
            told.append(f"{tag}/{file_of(tag).name}: run tests.catalogue extract")
        if content(file_of(tag, ".mo")) != compiled(tag):
            told.append(f"{tag}/{file_of(tag, '.mo').name}: run tests.catalogue compile")
    return told


def formless() -> list[str]:
    """Messages of the code whose placeholders have no plain names."""
    told = []
    for message in template():
        for text in (message.id,) if isinstance(message.id, str) else message.id:
            try:
                names(text)
            except ValueError as error:
                told.append(f"{error}: {text}")
    return told
