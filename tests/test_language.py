"""Languages: every text of the code is in every catalogue, says the same things, and is spoken when asked."""

import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from logdiag import i18n
from logdiag.errors import InputError
from logdiag.files.resources import folder
from logdiag.i18n import ENGLISH, gettext, languages, ngettext, speaking
from logdiag.i18n.sentences import listed, stretch
from logdiag.rules.placeholders import fill

sys.path.insert(0, str(folder("reports") / "locale"))
import messages

OTHERS = [language for language in languages() if language != ENGLISH]

FIELDS = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def template() -> Catalog:
    """Every text of code, templates, rules and alarms, as the extractor finds them now."""
    return messages.template()


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def translations(language: str) -> Catalog:
    return catalogue(messages.LOCALE / language / "LC_MESSAGES" / "logdiag.po")


def wordings(text: str | Sequence[str]) -> list[str]:
    """A text, or all of its plural forms."""
    return [text] if isinstance(text, str) else list(text)


def entries(found: Catalog) -> dict[str, tuple[Any, ...]]:
    """What of each entry has to be up to date. Line numbers are not compared: every edit would change them."""
    return {
        str(message.id): (message.auto_comments, sorted({path for path, _ in message.locations}))
        for message in found
        if message.id
    }


def test_english_and_korean_are_known() -> None:
    assert languages()[0] == "en"
    assert "ko" in languages()


def test_the_template_is_up_to_date(template: Catalog) -> None:
    assert entries(catalogue(messages.POT)) == entries(template), "run `make messages`"


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(language: str, template: Catalog) -> None:
    assert entries(translations(language)).keys() == entries(template).keys(), "run `make messages`"


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_a_translation_with_the_same_placeholders(language: str) -> None:
    for message in translations(language):
        if message.id:
            assert not message.fuzzy, message.id
            for text in wordings(message.string):
                assert text, message.id
                assert set(FIELDS.findall(text)) == set(FIELDS.findall(wordings(message.id)[-1])), message.id


def test_placeholders_have_names(template: Catalog) -> None:
    texts = [text for message in template for text in wordings(message.id)]
    assert [text for text in texts if re.search(r"[{}]|%[(sd]", FIELDS.sub("", text))] == []


def test_an_update_adds_new_texts_drops_obsolete_ones_and_guesses_nothing(tmp_path: Path) -> None:
    found = Catalog()
    found.add("a new text", locations=[("b.py", 7)])
    found.add("a text that stays", locations=[("a.py", 3)])
    path = tmp_path / "logdiag.po"
    head = '# head\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    stays = '# why so\n#: {}\nmsgid "a text that stays"\nmsgstr "bleibt"\n'
    path.write_text(f'{head}\n{stays.format("old.py")}\nmsgid "a new test"\nmsgstr "geht"\n')
    written = messages.updated(path, found)
    assert written == f'{head}\n{stays.format("a.py")}\n#: b.py\nmsgid "a new text"\nmsgstr ""\n\n'
    path.write_text(written)
    assert messages.updated(path, found) == written


def test_the_language_at_hand_ends_with_its_block() -> None:
    with speaking("ko"):
        assert gettext("every peer") == "모든 피어"
        with speaking("en"):
            assert gettext("every peer") == "every peer"
        assert listed(["a", "b", "c"]) == "a, b 및 c"
        assert stretch(timedelta(minutes=4, seconds=12)) == "4분 12초"
    assert gettext("every peer") == "every peer"
    assert stretch(timedelta(minutes=4, seconds=12)) == "4 m 12 s"


def test_a_text_without_a_translation_stays_and_nothing_is_nothing() -> None:
    with speaking("ko"):
        assert gettext("no catalogue has this") == "no catalogue has this"
        assert ngettext("one of these", "many of these", 2) == "many of these"
        assert gettext("") == ""


@pytest.mark.parametrize("language", ["kr", "", "../ko", "KO"])
def test_a_language_that_is_not_there_is_an_error_that_names_those_that_are(language: str) -> None:
    with pytest.raises(InputError, match="the languages are en, ko"), speaking(language):
        pass


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("expc01", "expc01이 expc01을 expc01은 expc01과 expc01로"),
        ("expc02", "expc02가 expc02를 expc02는 expc02와 expc02로"),
        ("expc03", "expc03이 expc03을 expc03은 expc03과 expc03으로"),
        ("피어", "피어가 피어를 피어는 피어와 피어로"),
        ("경보", "경보가 경보를 경보는 경보와 경보로"),
        ("레코드 둘", "레코드 둘이 레코드 둘을 레코드 둘은 레코드 둘과 레코드 둘로"),
        ("값", "값이 값을 값은 값과 값으로"),
        ("10.0.0.8)", "10.0.0.8)이 10.0.0.8)을 10.0.0.8)은 10.0.0.8)과 10.0.0.8)로"),
        ("", "가 를 는 와 로"),
    ],
)
def test_a_particle_follows_the_sound_before_it(word: str, text: str) -> None:
    assert fill("{a}이(가) {a}을(를) {a}은(는) {a}와(과) {a}(으)로", {"a": word}) == text


@pytest.mark.parametrize("language", OTHERS)
def test_a_compiled_catalogue_says_the_same(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installations have no Babel: they read what hatch_build.py compiled."""
    source = tmp_path / "logdiag.po"
    source.write_bytes((messages.LOCALE / language / "LC_MESSAGES" / "logdiag.po").read_bytes())
    with source.with_suffix(".mo").open("wb") as target:
        write_mo(target, catalogue(source))
    read = i18n._read(source, language)
    monkeypatch.setitem(sys.modules, "babel.messages.pofile", None)
    compiled = i18n._read(source, language)
    assert compiled.texts == read.texts
    assert [compiled.plural(n) for n in range(30)] == [read.plural(n) for n in range(30)]


def test_without_babel_a_catalogue_has_to_be_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "babel.messages.pofile", None)
    path = tmp_path / "logdiag.po"
    path.write_text('msgid "a"\nmsgstr "b"\n')
    with pytest.raises(
        InputError, match=r"logdiag.po: a catalogue that is not compiled; compile it \(msgfmt"
    ):
        i18n._read(path, "ko")
    for content in (b"", b"no catalogue", b"\xde\x12\x04\x95" + b"\xff" * 40):
        path.with_suffix(".mo").write_bytes(content)
        with pytest.raises(InputError, match=r"logdiag.mo: not a catalogue"):
            i18n._read(path, "ko")
