"""Promise: every emergency that callers put into words is found, and harmless sentences are not.

A failure of the first kind means nobody said 103 to a dying person; of the second, a cough was sent to the ambulance.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dialog.reader import SCRIPT_DIR
from dialog.urgent import UrgentWords, likely_texts

URGENT = UrgentWords()
SAID = yaml.safe_load(Path(__file__).with_name("data").joinpath("red_flags_said.yml").read_text(encoding="utf-8"))
SIGNS = {sign.id: sign for sign in URGENT.signs}
SPOKEN = [(sign, text) for sign, texts in SAID["any"].items() for text in texts]
ANSWERED = [(sign, table["years"], text) for sign, table in SAID["asked"].items() for text in table["said"]]
BEFORE = (
    "",
    "нет ",
    "да ",
    "ну ",
    "ой девушка ",
    "да и ещё ",
    "не знаю ",
    "температура сорок и ",
    "нет ничего такого но ",
)
AFTER = ("", " что делать", " помогите", " третий день", " и температура", " как быть")

OPERATOR = """
оператора|соедините меня с оператором|хочу поговорить с человеком|дайте живого человека|переключите на человека
позовите кого-нибудь живого человека|не хочу разговаривать с роботом|соедините с регистратурой
можно с человеком поговорить|нужен живой человек|диспетчера дайте|переключите меня на специалиста
"""

NOT_OPERATOR = """
я работаю оператором котельной|он оператор на заправке|оператора не надо|без оператора обойдусь
не надо меня соединять|человек болеет третий день|он хороший человек|мама работала диспетчером
соедините меня со скорой|робот хороший
"""


def each(table: str) -> list[str]:
    return [text for text in table.replace("\n", "|").split("|") if text]


def closed_answers() -> list[str]:
    """How a caller may begin who answers a closed question: a wording of each, but for «не надо» («… скорую»)."""
    questions = yaml.safe_load((SCRIPT_DIR / "questions.yml").read_text(encoding="utf-8"))["questions"]
    answers = {answer for question in questions for answer in question.get("candidates", [])[-1:]}
    return sorted(answer for answer in answers if not answer.endswith("не надо"))


def kinds(texts: list[str]) -> dict[str, str | None]:
    """What is found in each."""
    return {text: found.kind if (found := URGENT.find([text])) else None for text in texts}


@pytest.mark.parametrize(("sign", "text"), SPOKEN)
def test_an_emergency_is_found_whatever_stands_around_it(sign: str, text: str) -> None:
    told = [before + text for before in BEFORE] + [text + after for after in AFTER]
    told += [f"{answer} {text}" for answer in closed_answers()]
    assert {text: kind for text, kind in kinds(told).items() if kind != "emergency"} == {}
    found = URGENT.find([text])
    assert found is not None
    assert found.words in text.replace("ё", "е").replace("-", " ")


@pytest.mark.parametrize(("sign", "years", "text"), ANSWERED)
def test_an_answer_to_the_questions_about_signs_is_found(sign: str, years: int, text: str) -> None:
    for told in (*(before + text for before in BEFORE), *(text + after for after in AFTER)):
        found = URGENT.find([told])
        assert URGENT.find_asked([told], years) or (found is not None and found.kind == "emergency"), told


def test_a_sign_that_is_asked_for_counts_at_its_ages_only() -> None:
    assert URGENT.find_asked(["он вялый"], 5) == "вялый"
    assert URGENT.find_asked(["он не вялый", "вялости нет"], 5) is None
    assert URGENT.find_asked(["он вялый"], 40) is None
    assert URGENT.find_asked(["ему месяц"], 0.1) == "месяц"
    assert URGENT.find_asked(["болеет месяц"], 3) is None
    assert URGENT.find(["он вялый"]) is None


def test_every_sign_is_heard_in_ten_wordings() -> None:
    said = {sign: SAID["any"].get(sign, SAID["asked"].get(sign, {}).get("said", [])) for sign in SIGNS}
    assert {sign for sign, texts in said.items() if len(set(texts)) < 10} == set()
    assert {sign for sign, one in SIGNS.items() if one.asked} == SAID["asked"].keys()
    assert SIGNS.keys() == SAID["any"].keys() | SAID["asked"].keys()
    assert len(set(SAID["harmless"])) >= 200


@pytest.mark.parametrize("text", SAID["doubt"])
def test_what_may_be_a_joke_or_the_television_is_in_doubt(text: str) -> None:
    assert kinds([text]) == {text: "doubt"}


@pytest.mark.parametrize("text", SAID["harmless"])
def test_what_is_harmless_is_neither_an_emergency_nor_in_doubt(text: str) -> None:
    assert URGENT.find([text]) is None


@pytest.mark.parametrize("text", [*each(OPERATOR), *each(NOT_OPERATOR)])
def test_the_wish_for_an_operator_is_no_emergency(text: str) -> None:
    found = URGENT.find([text])
    assert found is None or found.kind == "operator" or "скорой" in text


@pytest.mark.parametrize(
    "heard", ["недышит", "он нидышит", "у него суд дороги", "судорги", "он сине ет", "за дыхается", "с удороги"]
)
def test_an_emergency_is_found_by_its_sound(heard: str) -> None:
    found = URGENT.find([heard])
    assert found is not None
    assert found.kind in ("emergency", "doubt")


def test_the_same_sound_counts_and_nearly_the_same_is_a_doubt() -> None:
    heard = ["он недышит", "посихос у него", "у неё кровотечиние", "кровь не останаливается бы"]
    assert list(kinds(heard).values()) == ["emergency", "doubt", "emergency", "doubt"]


@pytest.mark.parametrize("text", each(OPERATOR))
def test_the_wish_for_an_operator_is_found(text: str) -> None:
    found = URGENT.find([text])
    assert found is not None
    assert found.kind == "operator"


@pytest.mark.parametrize("text", [text for text in each(NOT_OPERATOR) if "скорой" not in text])
def test_what_is_no_wish_for_an_operator_is_not_one(text: str) -> None:
    assert URGENT.find([text]) is None


def test_an_emergency_in_an_alternative_is_found_unless_it_is_far_fetched() -> None:
    near = likely_texts("он задыхайся", [("он задыхайся", -0.2), ("он задыхается", -0.4)])
    far = likely_texts("он занимается", [("он занимается", -0.2), ("он задыхается", -1.5)])
    assert URGENT.find(near) is not None
    assert URGENT.find(far) is None


def test_an_emergency_goes_before_the_wish_for_an_operator() -> None:
    found = URGENT.find(["оператора быстрее он задыхается"])
    assert found is not None
    assert found.kind == "emergency"


def test_the_wish_for_an_operator_goes_before_a_doubt() -> None:
    found = URGENT.find(["я сейчас умру от ожидания", "оператора дайте"])
    assert found is not None
    assert found.kind == "operator"


@pytest.mark.parametrize("text", ["", "…", "\x00", "((((", "а" * 2000, "не " * 600, "<script>", "'; drop table"])
def test_no_text_breaks_it(text: str) -> None:
    assert URGENT.find([text]) is None


@pytest.mark.parametrize("text", ["ничего не надо", "отмените вызов", "я передумала", "врач уже не нужен"])
def test_the_wish_to_cancel_is_found(text: str) -> None:
    assert URGENT.wants_to_cancel(text)


@pytest.mark.parametrize("text", ["нет", "не знаю", "врач нужен", "отменили антибиотик", "надо врача"])
def test_what_is_no_wish_to_cancel_is_not_one(text: str) -> None:
    assert not URGENT.wants_to_cancel(text)
