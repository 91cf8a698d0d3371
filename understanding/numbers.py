"""Numbers in Russian speech: words, digits and both, in every case; neighbours stay apart.

«двадцать пять сорок два» is 25 and 42, «двадцать пятого пятого» is 25 and 5, «сто двадцать дробь три» is 120 and
3 with «дробь» between them. What stands between two numbers is for the caller of `parse_numbers` to look at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from num2words import num2words

from understanding.text import Token, closest, load_data, tokens

Rank = Literal["zero", "unit", "teen", "ten", "hundred", "thousand", "other"]
"""`teen`: 10..19, takes nothing after it; `other`: written digits such as 25 or 1945."""

_CASES = "ngdaip"
_GENDERS = "mfnp"


@dataclass(frozen=True, slots=True)
class NumberToken:
    """A number in a text. `start` and `end` count characters of that text."""

    value: int
    start: int
    end: int
    digits: str
    """As it would be dialled: «ноль пять» is two tokens "0" and "5"; written "007" keeps its zeros."""
    ordinal: bool = False
    written: bool = False
    """The recogniser wrote it in digits, at least in part."""
    half: bool = False
    """«полтора», «три с половиной»: half more than `value`."""
    certainty: float = 1.0
    """Below 1 when a word was only nearly a number word."""

    @property
    def amount(self) -> float:
        return self.value + 0.5 if self.half else self.value


@dataclass(frozen=True, slots=True)
class _Atom:
    value: int
    rank: Rank
    ordinal: bool = False


def _rank(value: int) -> Rank:
    if value == 0:
        return "zero"
    if value < 10:
        return "unit"
    if value < 20:
        return "teen"
    if value < 100 and value % 10 == 0:
        return "ten"
    if value < 1000 and value % 100 == 0:
        return "hundred"
    return "thousand" if value == 1000 else "other"


@cache
def lexicon() -> dict[str, _Atom]:
    """Every single number word in every case and gender, folded, with what it stands for."""
    data = load_data("numbers")
    atoms: dict[str, _Atom] = {}

    def learn(word: str, value: int, ordinal: bool) -> None:
        word = word.replace("ё", "е")
        if " " not in word and word not in data["never"]:
            atoms.setdefault(word, _Atom(value, _rank(value), ordinal))

    values = [*range(20), *range(20, 100, 10), *range(100, 1000, 100), 1000]
    for ordinal in (False, True):
        kind = "ordinal" if ordinal else "cardinal"
        for value in [*values, 2000, 3000] if ordinal else values:
            for case in _CASES:
                for gender in _GENDERS:
                    for animate in (True, False):
                        forms: dict[str, Any] = {"case": case, "gender": gender, "animate": animate}
                        if gender == "p":
                            forms["plural"] = True
                        spoken = num2words(value, lang="ru", to=kind, **forms)
                        learn(spoken.split()[-1] if value == 1000 else spoken, value, ordinal)
    for form in ("тысяча", "тысячи", "тысяче", "тысячу", "тысячей", "тысяч", "тысячам", "тысячами", "тысячах"):
        learn(form, 1000, False)
    for value, forms_spoken in data["spoken"].items():
        for form in forms_spoken:
            learn(form, value, False)
    for form in data["thousand"]:
        learn(form, 1000, False)
    for value, forms_spoken in data["ordinal"].items():
        for form in forms_spoken:
            learn(form, value, True)
    return atoms


@cache
def _special() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    data = load_data("numbers")
    return frozenset(data["suffixes"]), frozenset(data["half_after"]), frozenset(data["one_and_half"])


@cache
def _resembling() -> frozenset[str]:
    return frozenset(load_data("numbers")["resembling"])


@cache
def _glued(word: str) -> tuple[_Atom, ...] | None:
    """Number words written as one: «тридцатьвосемь»; None when `word` is not made of number words alone."""
    known = lexicon()
    if word in known:
        return (known[word],)
    for cut in range(3, len(word) - 2):
        if word[:cut] in known and not known[word[:cut]].ordinal:
            rest = _glued(word[cut:])
            if rest is not None:
                return (known[word[:cut]], *rest)
    return None


@dataclass(slots=True)
class _Piece:
    """An atom with its place."""

    atom: _Atom
    start: int
    end: int
    word: str
    digits: str | None
    certainty: float
    glued: bool = False
    """Joined to the piece before without a mark other than a hyphen between them."""


def _pieces(text: str, fuzzy: bool, stop: frozenset[str]) -> list[_Piece]:
    known = lexicon()
    suffixes, _half, _one_half = _special()
    found: list[_Piece] = []
    all_tokens = tokens(text)
    last = -1  # index of the last token that was used
    index = 0
    while index < len(all_tokens):
        token = all_tokens[index]
        pieces: list[_Piece] = []
        used = 1
        if token.kind == "digits":
            ordinal, used = _suffix(all_tokens, index, suffixes)
            value = int(token.text[:18])
            atom = _Atom(value, _rank(value), ordinal)
            pieces = [_Piece(atom, token.start, all_tokens[index + used - 1].end, "", token.text, 1.0)]
        elif token.kind == "word":
            pieces, used = _word(all_tokens, index, known, fuzzy, stop)
        if pieces:
            pieces[0].glued = last >= 0 and all(
                between.text == "-" and pieces[0].digits is None for between in all_tokens[last + 1 : index]
            )
            for piece in pieces[1:]:
                piece.glued = True
            found.extend(pieces)
            last = index + used - 1
        index += used
    return found


def _suffix(all_tokens: Sequence[Token], index: int, suffixes: frozenset[str]) -> tuple[bool, int]:
    """Whether the digits at `index` carry an ordinal's ending, and how many tokens that takes."""
    digits = all_tokens[index]
    following = all_tokens[index + 1 : index + 3]
    if following and following[0].start == digits.end and following[0].text in suffixes and len(following[0].text) > 1:
        return True, 2
    if (
        len(following) == 2
        and following[0].text == "-"
        and following[0].start == digits.end
        and following[1].start == following[0].end
        and following[1].text in suffixes
    ):
        return True, 3
    if following and following[0].text in ("го", "ого"):
        return True, 2
    return False, 1


def _word(
    all_tokens: Sequence[Token], index: int, known: dict[str, _Atom], fuzzy: bool, stop: frozenset[str]
) -> tuple[list[_Piece], int]:
    """Pieces for the word at `index` and the number of tokens used (at least 1)."""
    token = all_tokens[index]
    if token.text in known:
        atom = known[token.text]
        following = all_tokens[index + 1] if index + 1 < len(all_tokens) else None
        # «девять сот», «восемь десят»: one word that was written as two
        if following is not None and following.kind == "word" and following.text not in known:
            whole = token.text + following.text
            if whole in known:
                return [_Piece(known[whole], token.start, following.end, whole, None, 1.0)], 2
        return [_Piece(atom, token.start, token.end, token.text, None, 1.0)], 1
    glued = _glued(token.text) if len(token.text) > 6 else None
    if glued:
        return [_Piece(atom, token.start, token.end, token.text, None, 0.95) for atom in glued], 1
    if not fuzzy or token.text in stop or token.text in _resembling():
        return [], 1
    following = all_tokens[index + 1] if index + 1 < len(all_tokens) else None
    if following is not None and following.kind == "word" and following.text not in known:
        whole = token.text + following.text
        if whole in known:  # «двад цать»
            return [_Piece(known[whole], token.start, following.end, whole, None, 0.9)], 2
    near = closest(token.text, known.keys(), least=0.72)
    if near is None:
        return [], 1
    word, likeness = near
    return [_Piece(known[word], token.start, token.end, word, None, 0.4 + likeness / 2)], 1


class _Sum:
    """One number that grows piece by piece."""

    def __init__(self, piece: _Piece) -> None:
        self.first = self.last = piece
        self.value = piece.atom.value
        self.low: Rank = piece.atom.rank
        self.thousands = self.value >= 1000
        self.certainty = piece.certainty
        self.parts = 1

    def takes(self, piece: _Piece) -> bool:
        """True when Russian says `piece` as a further part of this number."""
        atom = piece.atom
        if self.last.atom.ordinal or not piece.glued:
            return False
        if self.last.digits is not None and piece.digits is not None:
            return False  # two runs of digits are two numbers
        if atom.rank == "thousand" and not atom.ordinal:
            # «тысяча» alone begins a number; it multiplies only what agrees with it: «одна тысяча», «пять тысяч»
            if self.thousands or self.value == 0:
                return False
            singular = piece.word in ("тысяча", "тысячу", "тыща", "тыщу")
            return not singular or (self.value % 10 == 1 and self.value % 100 != 11)
        if self.low in ("thousand", "other") and self.value % 1000 == 0 and self.value > 0:
            return atom.rank in ("hundred", "ten", "teen", "unit") or (atom.rank == "other" and atom.value < 1000)
        if self.low == "hundred":
            return atom.rank in ("ten", "teen", "unit") or (atom.rank == "other" and atom.value < 100)
        return self.low == "ten" and atom.rank == "unit"

    def add(self, piece: _Piece) -> None:
        if piece.atom.rank == "thousand" and not piece.atom.ordinal:
            self.value *= 1000
            self.thousands = True
        else:
            self.value += piece.atom.value
        self.low = piece.atom.rank
        self.last = piece
        self.certainty = min(self.certainty, piece.certainty)
        self.parts += 1

    def token(self) -> NumberToken:
        alone = self.parts == 1 and self.first.digits is not None
        written = self.first.digits is not None or self.last.digits is not None
        return NumberToken(
            self.value, self.first.start, self.last.end, self.first.digits or "" if alone else str(self.value),
            self.last.atom.ordinal, written, False, self.certainty,
        )  # fmt: skip


_HALF_GAP = re.compile(r"\s+с\s+(\w+)")


def parse_numbers(text: str, *, fuzzy: bool = False, stop: frozenset[str] = frozenset()) -> list[NumberToken]:
    """The numbers in `text`, in order.

    `fuzzy` also takes words that are nearly number words («шесдесят», «сорог»), except those in `stop` (folded):
    only for answers in which a number is expected, since ordinary words resemble numerals.
    """
    sums: list[_Sum] = []
    for piece in _pieces(text, fuzzy, stop):
        if sums and sums[-1].takes(piece):
            sums[-1].add(piece)
        else:
            sums.append(_Sum(piece))
    found = [_with_half(text, one.token()) for one in sums]
    _suffixes, _half, one_and_half = _special()
    for token in tokens(text):
        if token.text in one_and_half:
            found.append(NumberToken(1, token.start, token.end, "1", half=True))
    return sorted(found, key=lambda number: number.start)


def _with_half(text: str, number: NumberToken) -> NumberToken:
    """`number` with «с половиной» after it taken in."""
    match = _HALF_GAP.match(text.lower(), number.end)
    if match and match.group(1) in _special()[1]:
        return replace(number, half=True, end=match.end())
    return number


def between(text: str, left: NumberToken, right: NumberToken) -> str:
    """What stands between two numbers of `text`, stripped and in lower case."""
    return text[left.end : right.start].strip().lower()
