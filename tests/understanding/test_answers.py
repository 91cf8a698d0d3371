"""Promise: a «нет» with more words than that is never a plain «нет», and nobody's «да» is turned round.

«нет, но он синеет» taken for «нет» is a child without an ambulance.
"""

from __future__ import annotations

import pytest

from understanding.answers import is_unknown, understand_yes_no
from understanding.choices import understand_choice
from understanding.model import Heard, Understood
from understanding.relations import understand_caller, understand_who
from understanding.symptoms import understand_free


def heard(slot: str | None, text: str, *scored: tuple[str, float], digits: str | None = None) -> Heard:
    return Heard.model_validate(
        {
            "expects": "yes_no",
            "slot": slot,
            "text": text,
            "alternatives": [{"text": t, "score": s} for t, s in scored],
            "digits": digits,
        }
    )


def answer(slot: str | None, text: str, *scored: tuple[str, float], digits: str | None = None) -> Understood:
    return understand_yes_no(heard(slot, text, *scored, digits=digits))


YES = [
    "да",
    "ага",
    "угу",
    "да да",
    "верно",
    "всё верно",
    "да, всё верно",
    "все правильно",
    "да, правильно",
    "конечно",
    "ну да",
    "именно так",
    "да, конечно",
]
NO = [
    "нет",
    "так, нет",
    "так, ничего нет",
    "хорошо, не надо",
    "неа",
    "не",
    "нет, неправильно",
    "неправильно",
    "не верно",
    "вроде нет",
    "нет, не было",
    "да нет",
    "ну нет",
    "нет нет",
    "ник",
]
UNKNOWN = ["не знаю", "я не знаю", "не помню", "затрудняюсь ответить", "понятия не имею", "не знай", "ой, не знаю даже"]


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    found = answer("confirm", text)
    assert (found.meaning, found.value, found.complete) == ("yes", True, True)
    assert found.probability >= 0.9


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    found = answer("confirm", text)
    assert (found.meaning, found.value, found.complete) == ("no", False, True)
    assert found.probability >= 0.9


@pytest.mark.parametrize("text", UNKNOWN)
def test_unknown(text: str) -> None:
    found = answer("contact", text)
    assert (found.meaning, found.value) == ("unknown", None)


@pytest.mark.parametrize(
    "text",
    ["нет", "нет, ничего такого", "нет нет", "ничего такого нет", "слава богу нет", "нет конечно", "нет, не было"],
)
def test_a_plain_no_to_red_flags(text: str) -> None:
    found = answer("red_flags", text)
    assert found.meaning == "no"
    assert found.complete


@pytest.mark.parametrize(
    "text",
    [
        "нет, но он синеет",
        "нет но тяжело дышит",
        "нет, только грудь болит",
        "нет, судорог нет, но вялый",
        "вроде нет, бледный очень",
        "нет, он не синеет",
    ],
)
def test_no_with_more_words_is_not_a_no_to_red_flags(text: str) -> None:
    found = answer("red_flags", text)
    assert not (found.meaning == "no" and found.complete)
    assert found.heard


def test_more_words_in_another_alternative_raise_doubt() -> None:
    found = answer("red_flags", "нет", ("нет", -0.5), ("нет но он синеет", -0.6))
    assert not found.complete
    assert "синеет" in found.heard


def test_words_without_an_answer_are_kept() -> None:
    found = answer("red_flags", "он синеет")
    assert found.meaning == "none"
    assert found.heard == "он синеет"
    assert not found.complete


def test_yes_with_more_words() -> None:
    found = answer("red_flags", "да, задыхается")
    assert found.meaning == "yes"
    assert found.heard == "задыхается"


@pytest.mark.parametrize("text", ["да, но квартира другая", "да, только дом семнадцать", "верно, но телефон не тот"])
def test_yes_with_a_correction_confirms_nothing(text: str) -> None:
    found = answer("confirm", text)
    assert not found.complete or found.meaning == "no"
    assert found.probability < 0.85
    assert found.heard


def test_two_patients_are_asked_about() -> None:
    assert understand_who(heard("who", "мне и ребёнку")).probability < 0.6


def test_correction_after_no() -> None:
    found = answer("confirm", "нет, дом семнадцать")
    assert found.meaning == "no"
    assert found.complete
    assert found.heard == "дом семнадцать"


@pytest.mark.parametrize(
    "text", ["нет", "нет, дойти не смогу", "не могу", "нет, не могу", "нет дайте не смогу", "не встаёт", "он лежит"]
)
def test_cannot_walk(text: str) -> None:
    assert answer("can_walk", text).meaning == "no"


@pytest.mark.parametrize("text", ["да", "могу", "да, дойду", "сможет"])
def test_can_walk(text: str) -> None:
    assert answer("can_walk", text).meaning == "yes"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("нет, спасибо, всё", "no"), ("спасибо, до свидания", "no"), ("всё", "no"), ("да, ещё вопрос", "yes")],
)
def test_anything_else(text: str, meaning: str) -> None:
    assert answer("more", text).meaning == meaning


@pytest.mark.parametrize("text", ["да нет не знаю", "нет да", "верно, нет"])
def test_contradictions_are_not_sure(text: str) -> None:
    assert answer("confirm", text).probability < 0.85


@pytest.mark.parametrize("text", ["", "<b>да</b> или", "синхрофазотрон", "(system rm)", "а" * 1500])
def test_what_is_no_answer(text: str) -> None:
    found = answer("confirm", text)
    assert found.meaning in ("none", "yes")
    assert answer("confirm", "синхрофазотрон").meaning == "none"


def test_noise_is_not_sure() -> None:
    assert answer("confirm", "да", ("да", -3.4)).probability < 0.3


def test_short_words_of_the_closed_set_are_sure() -> None:
    assert answer("red_flags", "нет", ("нет", -1.1), ("есть", -3.0)).probability >= 0.9


def test_keypad() -> None:
    assert answer("confirm", "", digits="1").meaning == "yes"
    assert answer("confirm", "да", digits="2").meaning == "no"
    assert answer("confirm", "да", digits="7").meaning == "none"


def test_is_unknown_does_not_swallow_values() -> None:
    assert is_unknown("не знаю номер")
    assert not is_unknown("не знаю точно, 38 и 5")
    assert not is_unknown("двенадцатое марта")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("себе", "self"),
        ("мне", "self"),
        ("мне самому", "self"),
        ("себя", "self"),
        ("мне плохо", "self"),
        ("я заболела", "self"),
        ("дочке", "child"),
        ("ребёнку", "child"),
        ("у ребёнка температура", "child"),
        ("сыну три года", "child"),
        ("моей дочери", "child"),
        ("мне для сына врача", "child"),
        ("я мама, ребёнку плохо", "child"),
        ("маме", "parent"),
        ("у мамы давление", "parent"),
        ("отцу", "parent"),
        ("мужу", "spouse"),
        ("жене плохо", "spouse"),
        ("бабушке", "relative"),
        ("внуку", "relative"),
        ("сестре", "relative"),
        ("соседке", "other"),
        ("подруге", "other"),
    ],
)
def test_who_is_ill(text: str, who: str) -> None:
    found = understand_who(heard("who", text))
    assert found.value == who
    assert found.probability >= 0.85


@pytest.mark.parametrize(("text", "who"), [("ночке", "child"), ("рибенку", "child"), ("сибя", "self")])
def test_noisy_words(text: str, who: str) -> None:
    found = understand_who(heard("who", text, (text, -1.0)))
    assert found.value == who
    assert found.probability < 0.85


@pytest.mark.parametrize("text", ["", "алло", "здравствуйте", "финя", "сибир"])
def test_nobody_is_named(text: str) -> None:
    found = understand_who(heard("who", text))
    assert found.value is None or found.probability < 0.7


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("это я и есть", "self"),
        ("я её мама", "parent"),
        ("дочь", "child"),
        ("муж", "spouse"),
        ("соседка", "other"),
        ("бабушка", "relative"),
    ],
)
def test_caller(text: str, relation: str) -> None:
    assert understand_caller(heard("caller", text)).value == {"relation": relation, "name": None}


def test_caller_with_a_name() -> None:
    assert understand_caller(heard("caller", "я мама, меня зовут ольга петровна")).value == {
        "relation": "parent",
        "name": "Ольга Петровна",
    }


def choice(text: str, **more: object) -> Understood:
    return understand_choice(
        Heard.model_validate(
            {
                "expects": "choice",
                "text": text,
                "context": {
                    "choices": {
                        "street": ["улица", "адрес", "улица не та"],
                        "name": ["фамилия", "имя", "имя и фамилия"],
                        "date": ["дата рождения"],
                        "lesnaya": ["Лесная"],
                        "lesnoy": ["Лесной проезд"],
                    }
                },
                **more,
            }
        )
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("фамилия", "name"),
        ("фамилие", "name"),
        ("дата рожденья", "date"),
        ("дату рождения исправьте", "date"),
        ("улица", "street"),
        ("лесная", "lesnaya"),
        ("лесной проезд", "lesnoy"),
    ],
)
def test_choice(text: str, expected: str) -> None:
    assert choice(text).value == expected


def test_choice_of_nothing() -> None:
    assert choice("синхрофазотрон").value is None
    assert choice("").meaning == "none"
    assert choice("не знаю").meaning == "unknown"
    assert choice("", digits="2").value == "name"
    assert choice("", digits="9").value is None


def test_free_keeps_the_words() -> None:
    found = understand_free(heard(None, "А когда придёт врач?"))
    assert found.value == "А когда придёт врач"
    assert found.meaning == "value"
    assert understand_free(heard(None, "нет")).meaning == "no"


def test_what_the_recogniser_chose_goes_before_what_it_nearly_heard() -> None:
    """«Да, верно» at the read-back, with better scores for words that look like «неверно»."""
    said = answer("confirm", "да верно", ("да верно", -1.39), ("деверно", -0.5), ("деверны", -0.55), ("деверне", -0.72))
    assert said.meaning != "no"


def test_a_negation_of_a_word_that_nobody_knows_is_no_sure_no() -> None:
    misheard = answer("confirm", "соператором сырии не депожалуйста")  # «с оператором соедините, пожалуйста»
    assert misheard.probability < 0.9, "who asked for the operator would have said no"
