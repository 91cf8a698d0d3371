"""Promise: what a clinic's staff writes wrongly in the script is refused at start, with file, place and rule.

A failure means a typing error reaches callers as a missing or senseless question.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dialog.conversation.script import load_script
from dialog.conversation.spoken import spoken_house
from dialog.phrases import Phrases
from dialog.reader import SCRIPT_DIR, ScriptError
from dialog.urgent import UrgentWords, WordingError, compile_wording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCRIPT_DIR, tmp_path / "script"))


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_our_own_script_is_right() -> None:
    script = load_script()
    assert all("{" not in text for text in script.fixed_prompts())
    assert script.questions["entrance"].enabled is False


@pytest.mark.parametrize(("name", "old", "new", "told"), [
    ("questions.yml", "expects: date", "expects: datum", "expects: must be one of"),
    ("questions.yml", "slot: birth_date", "slot: birthday", "slot: must be one of"),
    ("questions.yml", "slot: birth_date", "slot: name", "asked for twice"),
    ("questions.yml", "on_failure: parts", "on_failure: pieces", "on_failure: must be one of"),
    ("questions.yml", "when: phone_unknown", "when: full_moon", "when: must be one of"),
    ("questions.yml", "    first: Какая дата рождения у пациента?\n", "", "first: is missing"),
    ("questions.yml", "first: Какая дата рождения у пациента?", "first: Дата {чья} рождения?", "no fields"),
    ("questions.yml", "first: Какая дата рождения у пациента?", "first: Дата { рождения?", "brace"),
    ("questions.yml", "first: Какая дата рождения у пациента?", "fist: x\n    first: Дата?", "unknown: fist"),
    ("questions.yml", "accept: 0.6", "accept: 6", "a number from 0 to 1"),
    ("questions.yml", "ask_back: 0.4", "ask_back: 0.9", "ask_back: must not be above accept"),
    ("questions.yml", "enabled: false", "enabled: нет", "true or false"),
    ("questions.yml", "candidates: [мне", "candidates: [1, мне", "list of text"),
    ("questions.yml", "questions:", "question:", "is missing"),
    ("phrases.yml", "fault: ", "folt: ", "fault: is missing"),
    ("phrases.yml", "звоните 103 или 112", "звоните 103", "must name 103 and 112"),
    ("phrases.yml", "{number}", "{nummer}", "may use"),
    ("policy.yml", "silences: 3", "silences: 0", "from 1 to 200"),
    ("policy.yml", "ask_back: 0.5 ", "ask_back: 0.95 ", "must not be above accept"),
    ("policy.yml", "age_from: 18", "age_from: старый", "must be a number"),
    ("policy.yml", "from: null", 'from: "восемь"', "must be a time"),
    ("policy.yml", "until: null", 'until: "20:00"', "go together"),
    ("phrases.yml", "на угрозу жизни, звоните 103 или 112.", "на угрозу жизни.", "first sentence"),
    ("rejections.yml", "then: visit", "then: tea", "must be one of"),
    ("corrections.yml", "  town:", "  moon:", "cannot be corrected"),
    ("red_flags.yml", "ages: [18, 130]", "ages: [19, 130]", ""),
    ("red_flags.yml", "ages: [0, 17]", "ages: [18]", "two whole numbers"),
    ("red_flags.yml", "source:", "sauce:", "source: is missing"),
    ("red_flags.yml", "      - Судороги есть?\n", "      - а\n      - б\n", "one to four signs"),
    ("rejections.yml", "other:", "others:", "other: is missing"),
    ("urgent.yml", "- задыха*", "- (задыха*", "cannot read the wording"),
    ("answers.yml", "ask_when: Врач", "ask_when: [Врач", ""),
])  # fmt: skip
def test_a_mistake_is_refused_with_its_place(folder: Path, name: str, old: str, new: str, told: str) -> None:
    change(folder, name, old, new)
    if new == "ages: [19, 130]":  # the other group of this age must go as well
        change(folder, name, old, new)
        told = "nobody asks for signs of danger at the age of 18"
    with pytest.raises(ScriptError) as error:
        load_script(folder)
    assert name in str(error.value)
    assert told in str(error.value)


def test_red_flags_cannot_be_moved_behind_personal_data(folder: Path) -> None:
    path = folder / "questions.yml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  - slot: red_flags"), text.index("  - slot: symptoms")
    path.write_text(text[:start] + text[end:] + "\n" + text[start:end], encoding="utf-8")
    with pytest.raises(ScriptError, match="before personal data"):
        load_script(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "phrases.yml").unlink()
    with pytest.raises(ScriptError, match=r"phrases\.yml"):
        load_script(folder)
    with pytest.raises(ScriptError, match=r"phrases\.yml"):
        Phrases.load(folder)


def test_a_region_switches_and_rewords_questions(tmp_path: Path) -> None:
    (tmp_path / "script.yml").write_text(
        "questions: {entrance: {enabled: true, first: 'Подъезд?'}, contact: {enabled: false}}", encoding="utf-8"
    )
    questions = load_script(region_dir=tmp_path).questions
    assert questions["entrance"].enabled
    assert questions["entrance"].wordings[0] == "Подъезд?"
    assert not questions["contact"].enabled


@pytest.mark.parametrize("text", ["questions: {entranse: {enabled: true}}", "questions: {entrance: {anabled: true}}"])
def test_a_regions_mistake_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "script.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ScriptError, match=r"script\.yml"):
        load_script(region_dir=tmp_path)


def test_a_broken_list_of_urgent_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "urgent.yml"
    for text in ("[]", "emergency: {}", "emergency: {wordings: [1]}", "emergency: {wordings: [а], harmles: [б]}"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(WordingError, match=r"urgent\.yml"):
            UrgentWords(path)
    with pytest.raises(WordingError):
        compile_wording("(a|")


@pytest.mark.parametrize(("house", "words"), [
    ("12 к3", "12, корпус 3"), ("12к3", "12, корпус 3"), ("5 с1", "5, строение 1"), ("7А", "7 А"),
    ("3 к1 с2", "3, корпус 1, строение 2"), ("14/2", "14 дробь 2"),
])  # fmt: skip
def test_a_house_is_read_back_as_people_say_it(house: str, words: str) -> None:
    assert spoken_house(house) == words
