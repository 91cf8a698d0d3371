"""Russian text made speakable: what comes out is Cyrillic words, spaces and `, . ? ! -`, whatever went in.

Rules run one after another over the whole text, each turning one written form into words; what stands in quotes in
the comments is an example. Pure functions; the tables are in `data/lexicon.yml`, grammar in `tts.grammar`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from tts import grammar
from tts.grammar import agreed, cardinal, cases_after, counted, digits, inflect, lemma, ordinal, word_before
from tts.lexicon import LEXICON

Match = re.Match[str]

WORD_LETTERS = 40
"""A longer run of letters is no word; it is cut, or it would be spoken without a breath."""

_LETTER = "А-Яа-яЁё"
_MONTHS = "|".join(LEXICON.months)
_LOOK_ALIKES = str.maketrans(LEXICON.look_alikes)
_SOUNDS = re.compile("|".join(sorted(LEXICON.latin_sounds, key=len, reverse=True)))
_VOWEL = re.compile("[аеёиоуыэюя]", re.IGNORECASE)


def normalise(text: str) -> str:
    """Speakable text; empty when nothing in it can be said (an emoji, bare punctuation)."""
    for rule in _RULES:
        text = rule(text)
    return text


def _rule(pattern: str, words: Callable[[Match], str], flags: int = 0) -> Callable[[str], str]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.sub(words, text)


def _before(match: Match) -> str:
    return match.string[: match.start()]


def _after(match: Match) -> str:
    return match.string[match.end() :]


def _case(match: Match, default: str = "n") -> str:
    """The case after the word that stands in front."""
    return (cases_after(word_before(_before(match))) or default)[0]


# -- the text itself


def _unify(text: str) -> str:
    """One form for each character, no markup, no control characters, lines as sentences."""
    for written, said in LEXICON.phrases.items():
        text = text.replace(written, said)
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text))
    # stress marks and what cannot be seen; й and ё are whole letters by now
    text = re.sub("[\u0300-\u0305\u0307\u0309-\u036f\u200b-\u200f\u2028-\u202f\ufeff\u00ad]", "", text)
    text = re.sub("[‐‑‒–−]", "-", text)
    text = re.sub(r"</?[A-Za-z!][^<>]{0,500}>", " ", text)
    text = re.sub(r"\s*[\n\r]+\s*", ". ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(rf"(?<=[{_LETTER}])[A-Za-z]+|[A-Za-z]+(?=[{_LETTER}])", _same_shape, text)
    text = re.sub(r"(?<=\d)[A-Z](?![A-Za-z])", _same_shape, text)
    text = re.sub(r"(?<=\d) (?=000(?!\d))", "", text)  # «10 000»
    return re.sub(r"(.)\1{3,}", _not_repeated, text)


def _same_shape(match: Match) -> str:
    return match[0].translate(_LOOK_ALIKES)


def _not_repeated(match: Match) -> str:
    return match[0] if match[1].isdigit() else match[1] * 3


# -- abbreviations, before numbers: they decide what a number is


def _abbreviation(match: Match) -> str:
    """«на ул.» на улице, «на Советской ул.» на Советской улице."""
    words = LEXICON.abbreviations[match[1].lower()]
    return f"{inflect(words, _place_case(_before(match), words))} "


def _place_case(before: str, words: str) -> str:
    previous = word_before(before)
    if previous in LEXICON.place_case_after:
        return LEXICON.place_case_after[previous]
    if not previous:
        return "n"
    noun = next(p for word in words.split() for p in grammar.parses(word) if p.tag.POS == "NOUN")
    cases = [
        grammar.TAG_CASES[str(p.tag.case)]
        for p in grammar.parses(previous)
        if p.tag.POS in grammar.ADJECTIVES and p.tag.gender == noun.tag.gender and str(p.tag.case) in grammar.TAG_CASES
    ]
    if not cases or "n" in cases:
        return "n"
    wanted = LEXICON.place_case_after.get(word_before(before.rstrip()[: -len(previous)]), "")
    return wanted if wanted in cases else cases[0]


def _before_name(match: Match) -> str:
    """«г. Подольск» город, «с Ромашково» село, but «с Иваном» stays."""
    short, dot, name = match[1], match[2], match[3]
    if (
        short.lower() == "с"
        and not dot
        and any(str(p.tag.case) in ("gent", "ablt") for p in grammar.parses(name.lower()))
    ):
        return match[0]
    noun = LEXICON.before_name[short.lower()]
    case = LEXICON.place_case_after.get(word_before(_before(match)), "n")
    return f"{inflect(noun, case)} {name}"


def _before_number(match: Match) -> str:
    return f"{LEXICON.before_number[match[1].lower()]} "


def _year_mark(match: Match) -> str:
    """«1985 г.» года, «в 2026 г.» году."""
    return match[1] + (" году" if word_before(_before(match)) in ("в", "во") else " года")


# -- groups of digits


def _groups(*groups: str | None) -> str:
    return ", ".join(digits(group) for group in groups if group)


def _phone(match: Match) -> str:
    """«+79161234567»: the commas are pauses."""
    return f" восемь, {_groups(*match.groups())}, "


def _grouped(match: Match) -> str:
    """СНИЛС and numbers of calls, «122-000042»: in threes."""
    return _groups(*(part for group in match.groups() for part in re.findall(r"\d{1,3}", group))) + ", "


def _long_number(match: Match) -> str:
    """A policy's sixteen digits in pairs, fours apart; others in threes, from the left."""
    number = match[0]
    if len(number) == 16:
        fours = re.findall(r"(\d\d)(\d\d)", number)
        return ", ".join(f"{digits(a)} {digits(b)}" for a, b in fours)
    if len(number) == 10:
        return _groups(number[:3], number[3:6], number[6:8], number[8:])
    return _groups(*re.findall(r"\d{1,3}", number))


# -- dates and times


def _iso_date(match: Match) -> str:
    return _date(match, int(match[3]), int(match[2]), int(match[1]))


def _dotted_date(match: Match) -> str:
    year = int(match[3]) if match[3] else None
    if year is not None and year < 100:
        year += 2000 if year <= 30 else 1900
    return _date(match, int(match[1]), int(match[2]), year)


def _word_date(match: Match) -> str:
    return _date(match, int(match[1]), LEXICON.months.index(match[2].lower()) + 1, int(match[3]) if match[3] else None)


def _date(match: Match, day: int, month: int, year: int | None) -> str:
    """«2.03.1985» второе марта тысяча девятьсот восемьдесят пятого года; what is no date stays as it was."""
    try:
        date(year if year else 2024, month, day)
    except ValueError:
        return match[0]
    words = f"{ordinal(day, _date_case(_before(match)), 'n')} {LEXICON.months[month - 1]}"
    return f"{words} {ordinal(year, 'g')} года" if year else words


def _date_case(before: str) -> str:
    """«до 22 ноября» двадцать второго, «дата рождения 22 ноября» двадцать второе, «придёт 22 ноября» второго."""
    previous = word_before(before)
    if cases := cases_after(previous):
        return cases[0]
    if lemma(previous) in LEXICON.date_labels:
        return "n"
    if lemma(previous) in LEXICON.street_nouns:
        return "g"
    if word_before(before.rstrip(" ,")) in LEXICON.when_words:
        return "g"
    clause = re.split(r"[,.;:!?()—]", before)[-1]
    return "g" if grammar.has_verb(clause) else "n"


def _times(match: Match) -> str:
    """«08:00-19:00» с восьми часов до девятнадцати часов."""
    first = "" if word_before(_before(match)) == "с" else "с "
    return f"{first}{_clock(match[1], match[2], 'g')} до {_clock(match[3], match[4], 'g')}"


def _time(match: Match) -> str:
    return _clock(match[1], match[2], _case(match))


def _clock(hours: str, minutes: str, case: str) -> str:
    said = counted(int(hours), "час", case)
    return said if int(minutes) == 0 else f"{said} {counted(int(minutes), 'минута', case)}"


# -- houses


def _house(match: Match) -> str:
    """«12 к3» двенадцать, корпус три; «7А» семь А; «14/2» четырнадцать дробь два; a plain number stays."""
    number, letter, fraction, fraction_letter, block, building = match.groups()
    if not (letter or fraction or block or building):
        return match[0]
    said = cardinal(int(number))
    if letter:
        said += f" {_letter_name(letter)}"
    if fraction:
        said += f" дробь {cardinal(int(fraction))}" + (f" {_letter_name(fraction_letter)}" if fraction_letter else "")
    if block:
        said += f", корпус {cardinal(int(block))}"
    if building:
        said += f", строение {cardinal(int(building))}"
    return said


def _letter_name(letter: str) -> str:
    name = LEXICON.letters[letter.lower()]
    return letter.upper() if name == letter.lower() else name


# -- other numbers


def _ordinal(match: Match) -> str:
    """«3-я Прибрежная» третья, «3-го» третьего."""
    return grammar.ordinal_by_suffix(int(match[1]), match[2].lower(), _after(match))


def _unit(match: Match) -> str:
    """«39°» тридцать девять градусов, «38,5 °C» тридцать восемь и пять градуса, «до 5 мин» до пяти минут."""
    noun = LEXICON.units[match[3].lower()]
    if match[2]:
        return f"{_fraction_words(match[1], match[2], _case(match))} {counted(2, noun).split()[-1]}"
    return counted(int(match[1]), noun, _case(match))


def _decimal(match: Match) -> str:
    """«38,5» тридцать восемь и пять, as temperatures are said."""
    return _fraction_words(match[1], match[2], _case(match))


def _fraction_words(whole: str, part: str, case: str) -> str:
    said = cardinal(int(part), case) if not part.startswith("0") and len(part) < 3 else " ".join(map(digits, part))
    return f"{cardinal(int(whole), case)} и {said}"


def _range(match: Match) -> str:
    """«3-5 дней» три-пять дней."""
    return grammar.agreed_range(int(match[1]), int(match[2]), _before(match), _after(match))


def _integer(match: Match) -> str:
    number = match[0]
    if number.startswith("0") and len(number) > 1:
        return digits(number)
    return agreed(int(number), _before(match), _after(match))


# -- letters


def _capitals(match: Match) -> str:
    """«ОМС» о эм эс; capitals with a vowel are a word said loudly."""
    word = match[0]
    if word in LEXICON.acronyms:
        return LEXICON.acronyms[word]
    return word if _VOWEL.search(word) else " ".join(LEXICON.letters[letter.lower()] for letter in word)


def _latin(match: Match) -> str:
    word = match[0].lower()
    return LEXICON.latin_words.get(word) or _SOUNDS.sub(lambda sound: LEXICON.latin_sounds[sound[0]], word)


def _only_speakable(text: str) -> str:
    """Letters, and marks at the end of a word; everything else goes."""
    text = re.sub(r"\s*[—;:()\[\]{}|…]+\s*", lambda m: ". " if "…" in m[0] else ", ", text)
    text = re.sub(r"[\"'«»„“”`´’‘]", "", text)
    text = re.sub(rf"[^{_LETTER} ,.?!-]", " ", text)
    text = re.sub(rf"(?<![{_LETTER}])-+|-+(?![{_LETTER}])", " ", text)
    text = re.sub(
        rf"[{_LETTER}]{{{WORD_LETTERS},}}", lambda m: " ".join(re.findall(f".{{1,{WORD_LETTERS}}}", m[0])), text
    )
    text = re.sub(rf"(?<![{_LETTER}-])[ъьЪЬ-]+(?![{_LETTER}-])", " ", text)
    text = re.sub(r"\s+([,.?!])", r"\1", text)
    text = re.sub(r"[,.?!]*([.?!])[,.?!]*", r"\1", text)
    text = re.sub(r",+", ",", text)
    text = re.sub(rf"([,.?!])(?=[{_LETTER}])", r"\1 ", text)
    text = re.sub(r"\s+", " ", text).strip(" ,-")
    return re.sub(r"^[,.?!\s]+", "", text)


_SHORT = "|".join(re.escape(short) for short in sorted(LEXICON.abbreviations, key=len, reverse=True))
_UNITS = "|".join(re.escape(unit) for unit in sorted(LEXICON.units, key=len, reverse=True))
_END = rf"(?![{_LETTER}\d])"
_START = rf"(?<![{_LETTER}\d-])"

_RULES: tuple[Callable[[str], str], ...] = (
    _unify,
    _rule(rf"(?<!\d)(\d{{4}}) ?гг?(?:\.|{_END})", _year_mark),
    _rule(rf"{_START}({_SHORT})(?:\. ?|(?![\d{_LETTER}-]))", _abbreviation, re.IGNORECASE),
    _rule(rf"{_START}({'|'.join(LEXICON.before_name)})(\.)? ?([А-ЯЁ][а-яё]{{2,}})", _before_name),
    _rule(
        rf"{_START}({'|'.join(LEXICON.before_number)})\. ?(?=\d)|{_START}(д) ?(?=\d)",
        lambda m: _before_number(m) if m[1] else "дом ",
    ),
    _rule(r"(?<!\d)(?:\+ ?7|8)[ (-]*(\d{3})[ )-]*(\d{3})[ -]*(\d{2})[ -]*(\d{2})(?!\d)", _phone),
    _rule(r"(?<!\d)(\d{3})-(\d{3})-(\d{3})[ -](\d{2})(?!\d)", _grouped),
    _rule(r"(?<!\d)(\d{3})-(\d{6})(?!\d)", _grouped),
    _rule(r"(?<![\d-])(\d{4})-(\d\d)-(\d\d)(?![\d-])(?: года)?", _iso_date),
    _rule(r"(?<![\d.,])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)(?!\d)(?: ?года)?", _dotted_date),
    _rule(r"(?<![\d.,])(\d\d)\.(\d\d)()(?![\d°%]|[.,]\d)", _dotted_date),
    _rule(rf"(?<![\d-])(\d{{1,2}}) ({_MONTHS}){_END}(?: (\d{{4}})(?: года)?(?!\d))?", _word_date, re.IGNORECASE),
    _rule(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d) ?- ?([01]?\d|2[0-3]):([0-5]\d)(?![\d:])", _times),
    _rule(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?![\d:])", _time),
    _rule(rf"(\d+)-?(ая|ый|ой|ое|ую|ого|его|ому|ему|ом|ем|го|му|ые|ых|ым|я|й|е|ю|м|х){_END}", _ordinal),
    _rule(rf"(?<![\d-])(\d+)(?:[.,](\d+))? ?({_UNITS})\.?{_END}", _unit, re.IGNORECASE),
    _rule(rf"(дом \d+[{_LETTER}]?),? к ?(?=\d)", lambda m: f"{m[1]}, корпус "),
    _rule(
        rf"(?<![\d.,-])(\d{{1,4}})(?:([{_LETTER}]){_END})?(?:/(\d{{1,4}})(?:([{_LETTER}]){_END})?)?"
        rf"(?:,? ?(?:к|корп\.? ?)(\d{{1,3}}))?(?:,? ?(?:с|стр\.? ?)(\d{{1,3}}))?{_END}",
        _house,
    ),
    _rule(r"(?<![\d.,])(\d{1,6})[.,](\d{1,6})(?![\d]|[.,]\d)", _decimal),
    _rule(r"(?<!\S)-(?=\d)", lambda _: "минус "),
    _rule(rf"(\d+)-(?=летн[{_LETTER}])", lambda m: cardinal(int(m[1]), "g").replace(" ", "")),
    _rule(r"(?<![\d-])(\d{1,3}) ?- ?(\d{1,3})(?![\d-])", _range),
    _rule(r"\d{7,}", _long_number),
    _rule(r"\d+", _integer),
    _rule(r"(?<![А-Яа-яЁё-])[А-ЯЁ]{2,6}(?![А-Яа-яЁё-])", _capitals),
    _rule(r"[A-Za-z]+", _latin),
    _only_speakable,
)
