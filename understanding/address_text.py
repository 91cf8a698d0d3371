"""Takes the text of an address apart: numbers with their roles, and the words that name town and street.

Nothing is looked up here. Roles come from the words beside a number, compared by sound («зом 65», «пварчера 10»); a
number without one is the house, then the flat. Every number that a recogniser may have misjoined («120 9», «1009»,
«30 38» as «338») has other readings with a cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from num2words import num2words

from understanding.numbers import NumberToken, parse_numbers
from understanding.phonetics import encode, sounds
from understanding.register import House
from understanding.sound_index import SoundIndex, whole_costs
from understanding.text import contains_phrase, fold, load_data, tokens

MOST_HOUSE, MOST_FLAT = 400, 999
"""Larger numbers are misjoined ones: the sample region's largest house is 145; towers have some 900 flats."""
_MISJOINED = 0.9
_DROPPED = 1.8
"""Edit costs of a number read as another."""


@dataclass(slots=True)
class AddressText:
    """What a text says. Readings are values with an edit cost, cheapest first."""

    words: list[str] = field(default_factory=list)
    places: dict[tuple[House | None, str | None], float] = field(default_factory=dict)
    """House and flat together, either None when it was not said."""
    extras: dict[str, str] = field(default_factory=dict)
    """entrance, floor, intercom"""
    private: bool = False
    guessed: bool = False
    """House or flat were compared by sound: no number was recognised."""

    @property
    def sound(self) -> str:
        return "".join(map(sounds, self.words))

    def as_flat(self) -> AddressText:
        """The same text as the answer to «which flat?»: a number without a role is the flat."""
        places: dict[tuple[House | None, str | None], float] = {}
        for (house, flat), cost in self.places.items():
            if flat is None and house is not None and house == House(house.number):
                places[None, str(house.number)] = cost
            elif flat is not None:
                places[None, flat] = cost
        return AddressText(self.words, places or {(None, None): 0.0}, self.extras, self.private)


@cache
def address_words() -> Any:
    return load_data("addresses")


@cache
def _never() -> frozenset[str]:
    return frozenset(address_words()["never"])


@cache
def _roles() -> tuple[list[tuple[str, str, float]], SoundIndex]:
    """Every word of a role with that role and how far off it may sound, and the words' sounds."""
    roles = address_words()["roles"].items()
    rows = [(word, role, float(rule["near"])) for role, rule in roles for word in rule["words"]]
    return rows, SoundIndex.of([sounds(word) for word, _role, _near in rows])


@lru_cache(maxsize=20_000)
def role_of(word: str) -> str | None:
    """The role that `word` (folded) gives to the number beside it, however it was spelled."""
    rows, index = _roles()
    costs = whole_costs(index.codes, index.lengths, encode(sounds(word)))
    best: tuple[float, str] | None = None
    for (spoken, role, near), sounding in zip(rows, costs.tolist(), strict=True):
        # of two letters only the word itself counts
        cost = sounding if len(spoken) > 2 else (0.0 if word == spoken else near + 1)
        if cost <= near and (best is None or cost < best[0]):
            best = cost, role
    return best[1] if best else None


@lru_cache(maxsize=5_000)
def in_words(number: int, *, ordinal: bool = False) -> str:
    """`number` as it is said; an ordinal in the feminine, as streets are."""
    if ordinal:
        return str(num2words(number, lang="ru", to="ordinal", gender="f"))
    return str(num2words(number, lang="ru"))


def readings(digits: str, most: int) -> dict[int, float]:
    """Numbers that written `digits` may stand for, with costs: 1009 is 109, 661 is 61."""
    value = int(digits)
    found: dict[int, float] = {}

    def add(number: int, cost: float) -> None:
        if 0 < number <= most and cost < found.get(number, 9.0):
            found[number] = cost

    add(value, 0.0)
    for cut in range(1, len(digits)):
        left, right = digits[:cut], digits[cut:]
        zeros = len(left) - len(left.rstrip("0"))
        if zeros and len(right) <= zeros and right[0] != "0":
            add(int(left) + int(right), _MISJOINED)
        if zeros == 0 and len(left) == 1 and len(right) == 2 and right[0] == left:
            add(int(right), _MISJOINED)  # «60 61» as «661»
    if value > most or "0" in digits[:-1]:
        for i in range(len(digits)):
            add(int(digits[:i] + digits[i + 1 :] or "0"), _DROPPED)
    return found


@dataclass(slots=True)
class _Number:
    token: NumberToken
    role: str | None = None
    letter: str = ""


def take_apart(text: str, *, fuzzy: bool = False) -> AddressText:
    """The parts of one text of an address."""
    known = address_words()
    text = fold(text)
    for region in known["regions"]:
        text = text.replace(region, " ")
    result = AddressText()
    plain = [token.text for token in tokens(text) if token.kind == "word"]
    result.private = any(contains_phrase(plain, phrase.split()) for phrase in known["private"])
    numbers = [_Number(token) for token in parse_numbers(text, fuzzy=fuzzy, stop=_never())]
    streets = _street_numbers(text, numbers)
    pieces = _pieces(text, numbers)
    words: list[str] = []
    for index, piece in enumerate(pieces):
        before = numbers[index - 1] if index else None
        after = numbers[index] if index < len(numbers) else None
        words += _name_words(piece, before, after)
        if after is not None and after in streets:
            words.append(in_words(after.token.value, ordinal=True) if after.token.value in range(1, 60) else "")
    result.words = [word for word in words if word]
    _give_roles([number for number in numbers if number not in streets], result)
    return result


def _pieces(text: str, numbers: list[_Number]) -> list[list[str]]:
    """Words before, between and after the numbers."""
    edges = [0, *(edge for number in numbers for edge in (number.token.start, number.token.end)), len(text)]
    return [
        [token.text for token in tokens(text[edges[i] : edges[i + 1]]) if token.kind == "word" or token.text == "/"]
        for i in range(0, len(edges), 2)
    ]


def _street_numbers(text: str, numbers: list[_Number]) -> list[_Number]:
    """Numbers that belong to a street's name: «3-я Прибрежная», «вторая Морская»."""
    found = []
    for index, number in enumerate(numbers):
        end = numbers[index + 1].token.start if index + 1 < len(numbers) else len(text)
        following = [token.text for token in tokens(text[number.token.end : end]) if token.kind == "word"]
        previous = [token.text for token in tokens(text[: number.token.start]) if token.kind == "word"][-1:]
        if previous and role_of(previous[0]) is not None:
            continue
        letters = [word for word in following if len(word) > 2 and role_of(word) is None]
        ending = bool(following) and following[0] in ("я", "й", "е", "ая", "ья", "ый", "ий")
        named = sum(map(len, letters)) >= 4
        first_role = role_of(following[0]) if following else None
        ordinal = (number.token.ordinal or ending) and named and first_role is None
        cardinal = index == 0 and named and index + 1 < len(numbers) and number.token.value <= 20 and first_role is None
        if ordinal or cardinal:
            found.append(number)
    return found


def _name_words(piece: list[str], before: _Number | None, after: _Number | None) -> Iterator[str]:
    """Words of a piece that name town or street; the others give the numbers beside it a role or a letter."""
    known = address_words()
    if before is not None and piece:
        rule = role_of(piece[0])
        if piece[0] == "/" or rule == "fraction":
            if after is not None:
                after.role = "fraction"
            piece = piece[1:]
        elif piece[0] in known["letters"] and before.role not in ("flat", "entrance", "floor", "intercom"):
            before.letter = known["letters"][piece[0]]
            piece = piece[1:]
        elif rule and known["roles"][rule].get("after") and before.token.ordinal:
            before.role = rule
            piece = piece[1:]
        elif piece[0] in ("я", "й", "ая"):
            piece = piece[1:]
    if after is not None and after.role is None:
        for place in range(len(piece) - 1, max(-1, len(piece) - 3), -1):
            role = role_of(piece[place])
            if role is not None:
                after.role = role
                # «дом номер 5»: what stands between is filler
                piece = piece[:place] if all(word in known["fillers"] for word in piece[place + 1 :]) else piece
                break
    private = {word for phrase in known["private"] for word in phrase.split()}
    for word in piece:
        if word not in known["fillers"] and word not in private and word not in known["letters"] and word != "/":
            yield word


def _give_roles(numbers: list[_Number], result: AddressText) -> None:
    """Numbers without a role are the house, then the flat; then readings of all of them."""
    for index, number in enumerate(numbers):
        if number.role is None:
            taken = {other.role for other in numbers}
            previous = numbers[index - 1] if index else None
            free = [role for role in ("house", "flat") if role not in taken]
            together = None
            if previous and (previous.role == "flat" or (previous.role == "house" and not free)):
                together = readings_of_two(previous, number)
            if previous and together:
                previous.token = together
                number.role = "used"
            else:
                number.role = free[0] if free else "used"
    by_role: dict[str, _Number] = {}
    for number in numbers:
        by_role.setdefault(number.role or "used", number)
    _places(by_role, numbers, result)
    for role in ("entrance", "floor", "intercom"):
        if role in by_role:
            result.extras[role] = _digits(by_role[role])


def readings_of_two(left: _Number, right: _Number) -> NumberToken | None:
    """Both numbers as one, when the second fits into the zeros of the first, or says its tens again.

    «100 70» is 170; «120-26» is 126 and «60 61» is 61, as Whisper writes «сто двадцать шесть», «шестьдесят один».
    """
    first, second = left.token.value, right.token.value
    text = str(first)
    zeros = len(text) - len(text.rstrip("0"))
    if zeros and second and len(str(second)) <= zeros and not left.letter:
        together = first + second
    elif zeros == 1 and second < 100 and second % 10 and second - second % 10 == first % 100:
        together = first + second % 10
    else:
        return None
    return NumberToken(together, left.token.start, right.token.end, str(together))


def _digits(number: _Number) -> str:
    return number.token.digits[:6] or str(number.token.value)


def _places(by_role: dict[str, _Number], numbers: list[_Number], result: AddressText) -> None:
    """Every reading of house and flat, with its cost."""
    house, flat = by_role.get("house"), by_role.get("flat")
    houses: dict[House | None, float] = _houses(house, by_role) if house else {None: 0.0}
    flats: dict[str | None, float] = {None: 0.0}
    if flat:
        flats = {str(value): cost for value, cost in readings(_digits(flat), MOST_FLAT).items()} or {None: 2.0}
    places = {(one, two): cost + more for one, cost in houses.items() for two, more in flats.items()}
    if house and flat and numbers.index(flat) == numbers.index(house) + 1:
        together = readings_of_two(house, flat)
        if together is not None and together.value <= MOST_HOUSE:
            places.setdefault((House(together.value), None), _MISJOINED + 0.6)
    digits = _digits(house) if house else ""
    if not flat and len(digits) >= 2 and house and not house.letter and set(by_role) <= {"house", "used"}:
        for cut in range(1, len(digits)):  # «тридцать, тридцать восемь» written as 338 or 3038
            if digits[cut] != "0" and digits[0] != "0":
                places.setdefault((House(int(digits[:cut])), digits[cut:]), _DROPPED)
    result.places = places


def _houses(house: _Number, by_role: dict[str, _Number]) -> dict[House | None, float]:
    found: dict[House | None, float] = {}
    parts = {
        role: str(by_role[role].token.value) if role in by_role else "" for role in ("fraction", "block", "building")
    }
    for value, cost in readings(_digits(house), MOST_HOUSE).items():
        found[House(value, house.letter, parts["fraction"], parts["block"], parts["building"])] = cost
        if house.letter:
            found.setdefault(House(value, "", parts["fraction"], parts["block"], parts["building"]), cost + _DROPPED)
    return found or {None: 2.0}
