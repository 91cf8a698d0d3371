"""Numbers in Russian words that agree with what stands around them.

num2words knows the forms of numbers, pymorphy3 those of nouns; here the two are made to agree. Cases are num2words'
letters: n, g, d, a, i, p.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

import pymorphy3
from num2words import num2words

from tts.lexicon import LEXICON

CASE_TAGS = {"n": "nomn", "g": "gent", "d": "datv", "a": "accs", "i": "ablt", "p": "loct"}
TAG_CASES = {**{tag: case for case, tag in CASE_TAGS.items()}, "loc2": "p", "gen2": "g"}
GENDERS = {"masc": "m", "femn": "f", "neut": "n"}
ADJECTIVES = ("ADJF", "PRTF")
VERBS = ("VERB", "INFN", "PRTS", "PRTF", "GRND")

_morph = pymorphy3.MorphAnalyzer()


@lru_cache(4096)
def parses(word: str) -> tuple[Any, ...]:
    """pymorphy3's readings of a word, the likeliest first."""
    return tuple(_morph.parse(word))


def lemma(word: str) -> str:
    return str(parses(word)[0].normal_form) if word else ""


def cardinal(number: int, case: str = "n", gender: str = "m") -> str:
    """«две», «двух», «двадцать одну»; the accusative as of things."""
    return str(num2words(number, lang="ru", case=case, gender=gender, animate=False))


def ordinal(number: int, case: str = "n", gender: str = "m", *, plural: bool = False) -> str:
    """«третья», «второго», «тысяча девятьсот восемьдесят пятого»; the accusative as of things."""
    if case == "a" and (gender != "f" or plural):
        case = "n"
    return str(num2words(number, lang="ru", to="ordinal", case=case, gender=gender, plural=plural))


def digits(group: str) -> str:
    """A group of digits as it is dictated: zeros in front are said, «045» is «ноль сорок пять»."""
    zeros = len(group) - len(group.lstrip("0"))
    rest = [cardinal(int(group[zeros:]))] if group[zeros:] else []
    return " ".join(["ноль"] * zeros + rest)


def inflect(phrase: str, case: str) -> str:
    """A phrase in another case: its words that stand in the nominative are put into it."""
    words = []
    for word in phrase.split():
        reading = next((p for p in parses(word) if p.tag.case == "nomn" and p.tag.number == "sing"), None)
        form = reading.inflect({"sing", CASE_TAGS[case]}) if reading and case != "n" else None
        words.append(form.word if form else word)
    return " ".join(words)


def counted(number: int, noun: str, case: str = "n") -> str:
    """A number with its noun: («минута», 21, "a") is «двадцать одну минуту»."""
    reading = next(p for p in parses(noun) if p.tag.POS == "NOUN" and p.tag.case == "nomn" and p.tag.number == "sing")
    number_tag, case_tag = _form_after(number, case)
    form = reading.inflect({number_tag, CASE_TAGS[case_tag]})
    return f"{cardinal(number, case, GENDERS[reading.tag.gender])} {form.word if form else noun}"


def agreed(number: int, before: str, after: str) -> str:
    """A number in the case and gender that its neighbours ask for, where that is simply known.

    `before` and `after` are the text around it. «1 дом» один, «2 квартиры» две, «до 5» пяти, «на 3 этаже» третьем,
    «квартира 2» два.
    """
    previous = word_before(before)
    if number in LEXICON.short_numbers or lemma(previous) in LEXICON.labels:
        return cardinal(number)
    nouns = _nouns_after(after)
    is_year = 1900 <= number <= 2100
    for noun in nouns:
        if noun.tag.number == "sing" and noun.normal_form in LEXICON.ordinal_nouns:
            certain = (
                noun.normal_form in LEXICON.always_ordinal
                or (noun.normal_form in LEXICON.first_ordinal and number % 10 == 1)
                or (noun.normal_form == "год" and is_year)
            )
            if certain or not any(_fits(number, case, n) for case in "ngdaip" for n in nouns):
                return _ordinal_of(number, noun, cases_after(previous))
    return cardinal(number, *_case_and_gender(number, previous, nouns))


def agreed_range(first: int, last: int, before: str, after: str) -> str:
    """«3-5 дней» три-пять, «до 2-3 недель» двух-трёх: both as the second asks for."""
    case, gender = _case_and_gender(last, word_before(before), _nouns_after(after))
    return f"{cardinal(first, case, gender)}-{cardinal(last, case, gender)}"


def ordinal_by_suffix(number: int, suffix: str, after: str) -> str:
    """«3-я», «3-го»: the form that ends so, agreeing with the next word where several do."""
    forms = [(ordinal(number, case, gender), case, gender) for case in "ngdaip" for gender in "mfn"]
    fitting = [form for form in forms if form[0].endswith(suffix)]
    next_word = word_after(after)
    for reading in parses(next_word) if next_word else ():
        for words, case, gender in fitting:
            if TAG_CASES.get(str(reading.tag.case)) == case and GENDERS.get(str(reading.tag.gender)) == gender:
                return words
    if fitting:
        return fitting[0][0]
    plurals = [ordinal(number, case, plural=True) for case in "ngdip"]
    return next((words for words in plurals if words.endswith(suffix)), ordinal(number))


def cases_after(word: str) -> str:
    """The cases a number may take after this word, the likeliest first; empty when the word asks for none."""
    return LEXICON.case_after.get(word.lower(), "")


def word_before(text: str) -> str:
    """The word that stands directly before the end of the text, no mark between; empty when there is none."""
    found = re.search(r"([А-Яа-яЁё-]+) *$", text[-60:])
    return found[1].lower() if found else ""


def word_after(text: str) -> str:
    found = re.match(r" *([А-Яа-яЁё-]+)", text[:60])
    return found[1].lower() if found else ""


def has_verb(clause: str) -> bool:
    return any(parses(word)[0].tag.POS in VERBS for word in re.findall(r"[А-Яа-яЁё-]+", clause[-200:]))


def _nouns_after(text: str) -> list[Any]:
    """Readings as nouns of the word that is counted: the next, or the one behind an adjective."""
    found = re.match(r" *([А-Яа-яЁё-]+)(?: +([А-Яа-яЁё-]+))?", text[:80])
    if not found:
        return []
    first, second = found[1].lower(), (found[2] or "").lower()
    counted_word = second if second and parses(first)[0].tag.POS in ADJECTIVES else first
    return [p for p in parses(counted_word) if p.tag.POS == "NOUN"]


def _case_and_gender(number: int, previous: str, nouns: list[Any]) -> tuple[str, str]:
    known = "g" if lemma(previous) in LEXICON.street_nouns else cases_after(previous)
    for case in known or "nagdip":
        for noun in nouns:
            if _fits(number, case, noun):
                return case, GENDERS.get(str(noun.tag.gender), "m")
    return (known[0] if known else "n"), "m"


@cache
def _form_after(number: int, case: str) -> tuple[str, str]:
    """Number and case of the noun that is counted: 2 + n → singular, genitive."""
    last = 5 if number % 100 in range(11, 15) else number % 10
    if last == 1:
        return "sing", case
    if case in "na":
        return ("sing", "g") if 2 <= last <= 4 else ("plur", "g")
    return "plur", case


def _fits(number: int, case: str, noun: Any) -> bool:
    return (noun.tag.number, TAG_CASES.get(str(noun.tag.case))) == _form_after(number, case)


def _ordinal_of(number: int, noun: Any, known: str) -> str:
    case = TAG_CASES.get(str(noun.tag.case), "n")
    if known and case not in known:
        same = [TAG_CASES.get(str(p.tag.case), "") for p in noun.lexeme if p.word == noun.word]
        case = next((c for c in same if c and c in known), case)
    return ordinal(number, case, GENDERS.get(str(noun.tag.gender), "m"))
