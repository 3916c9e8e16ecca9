"""Letters are written in one language, from one file, and half a translation is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from ordain.audit.explain.language import ENGLISH, english, load_language
from ordain.audit.explain.sender import load_sender
from ordain.engine.errors import PolicyError
from ordain.engine.values.types import FLAG, NUMBER, TEXT, Type, context_of, list_of


def of(unit: str) -> Type:
    return replace(NUMBER, unit=unit)


@pytest.mark.parametrize(
    ("type", "value", "said"),
    [
        (of("INR"), {"amount": "19999.00", "currency": "INR"}, "19,999 INR"),
        (of("INR"), "19999.50", "19,999.50 INR"),
        (of("probability"), "0.3300", "33 %"),
        (of("probability"), "0.9666052347549264", "97 %"),
        (of("probability"), "0.9966", "99.7 %"),
        (of("probability"), "0.0040", "0.4 %"),
        (of("probability"), "0", "0 %"),
        (of("probability"), "1", "100 %"),
        (of("months"), "1", "1 month"),
        (of("months"), "20", "20 months"),
        (of("GB"), "12.50", "12.5 GB"),
        (NUMBER, "-0.3000", "−0.3"),
        (FLAG, True, "yes"),
        (list_of(TEXT), [], "none"),
        (list_of(TEXT), ["a", "b"], "a, b"),
        (TEXT, None, "not known"),
        (TEXT, "007", "007"),
        (TEXT, "4915112345678", "4915112345678"),
        (TEXT, "2026-01-02", "2026-01-02"),
        (TEXT, "2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"),
        (TEXT, "a*b", "a\\*b"),
        (TEXT, " ", "none"),
        (list_of(TEXT), ["007", "1000"], "007, 1000"),
        (context_of({"code": TEXT, "amount": NUMBER}), {"code": "010", "amount": "010"}, "code: 010; amount: 10"),
        (TEXT, "*bold*", r"\*bold\*"),
        (None, "2026-01-31", "31 January 2026"),
        (None, "2026-13-31", "2026-13-31"),
        (None, "2026-01-31T08:00:00+05:30", "31 January 2026 at 08:00 (UTC+05:30)"),
        (None, {"action": "call", "until": None}, "action: call"),
    ],
)
def test_values_are_said_as_people_say_them(type: Type | None, value: object, said: str) -> None:
    assert english().value(type, value) == said


def test_beside_a_border_a_share_keeps_its_digits() -> None:
    assert english().exact(of("probability"), "0.8001") == "80.01 %"
    assert english().exact(of("probability"), "0.8000") == "80 %"


def german(folder: Path, **changed: str | None) -> Path:
    data = yaml.safe_load(ENGLISH.read_text(encoding="utf-8"))
    data |= {"name": "Deutsch", "thousands": ".", "point": ","}
    data["texts"] |= {"date": "{day}. {month} {year}", "yes": "ja"}
    data["texts"] = {name: text for name, text in (data["texts"] | changed).items() if text is not None}
    file = folder / "de.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return file


def test_a_translation_writes_numbers_and_dates_its_own_way(tmp_path: Path) -> None:
    language = load_language(german(tmp_path))
    assert language.amount(Decimal("19999.50"), "EUR") == "19.999,50 EUR"
    assert language.date("2026-01-31") == "31. January 2026"
    assert language.value(FLAG, True) == "ja"


def test_a_text_that_is_not_translated_is_named_with_the_english_one(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        load_language(german(tmp_path, refused=None))
    [issue] = refused.value.issues
    assert issue.message == "the text `refused` is not there"
    assert issue.hint == "the English one says: You were **not** given this:"


def test_other_braces_are_refused_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        load_language(german(tmp_path, number="Nummer {nummer}"))
    [issue] = refused.value.issues
    assert issue.message == "the text `number` has other braces: `{id}`, `{nummer}`"
    assert issue.span is not None
    assert issue.span.file == "de.yaml"


def test_a_text_that_letters_do_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no text `greeting`"):
        load_language(german(tmp_path, greeting="Hallo"))


def test_every_english_text_is_used() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in ENGLISH.parents[1].glob("*.py"))
    computed = {"erased", "expired", "restricted", "from_request", "from_default", "raised", "lowered"}
    computed |= {"introduced_champion", "introduced_challenger"}
    unused = {name for name in english().texts if f'"{name}"' not in code and f"'{name}'" not in code}
    assert unused <= computed


def test_the_sender_names_whom_to_turn_to_where(tmp_path: Path) -> None:
    german(tmp_path)
    (tmp_path / "letter.yaml").write_text(
        "controller: We\ncontact: us@we.example\nauthorities: {EU: the authority, else: another}\nlanguage: de.yaml\n"
    )
    sender = load_sender(tmp_path / "letter.yaml")
    assert sender.authority("EU") == "the authority"
    assert {sender.authority("US"), sender.authority(None)} == {"another"}
    assert sender.language.texts["yes"] == "ja"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("controller: We\n", "`contact` is missing"),
        ("controller: We\ncontact: us\nlanguage: fr.yaml\n", "there is no file `fr.yaml`"),
        ("controller: We\ncontact: us\nauthority: x\n", "`authority`"),
    ],
)
def test_a_sender_that_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "letter.yaml").write_text(text)
    with pytest.raises(PolicyError) as refused:
        load_sender(tmp_path / "letter.yaml")
    assert said in str(refused.value.issues[0])
    assert "letter.yaml" in str(refused.value.issues[0])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"point": ""}, "`point` is empty"),
        ({"point": " "}, "`point` is empty"),
        ({"point": ".", "thousands": "."}, "`point` and `thousands` are the same"),
        ({"point": "5"}, "`point` is no sign: `5`"),
        ({"thousands": "000"}, "`thousands` is no sign: `000`"),
    ],
)
def test_signs_with_which_an_amount_is_read_as_another_are_refused(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    """Without a point 4.90 was told as 490."""
    file = german(tmp_path)
    data = yaml.safe_load(file.read_text(encoding="utf-8")) | changed
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_language(file)
    assert said in [issue.message for issue in refused.value.issues]


@pytest.mark.parametrize("text", ["", "  ", "Nummer {id} {Nummer}", "Nummer {id} {}"])
def test_an_empty_text_and_braces_of_any_kind_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyError, match="the text `number`"):
        load_language(german(tmp_path, number=text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("../secret.yaml", "name: English\n"),
        ("secret.yaml", "database_url: postgresql://hush\n"),
        ("secret.yaml", "hush: [hush\n"),
        ("secret.yaml", "hush\x00hush"),
    ],
)
def test_nothing_of_another_file_that_is_named_as_the_language_is_shown(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / name).write_text(text)
    (tmp_path / "letters" / "letter.yaml").write_text(f"controller: We\ncontact: us\nlanguage: {name}\n")
    with pytest.raises(PolicyError) as refused:
        load_sender(tmp_path / "letters" / "letter.yaml")
    for issue in refused.value.issues:
        assert name in issue.message
        for word in ("hush", "database_url", "English"):
            assert word not in str(issue)
