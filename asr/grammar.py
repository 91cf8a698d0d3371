"""What may be said after a question, as tokens: the texts that a recogniser is to choose among.

A grammar is a list of sequences of parts; a part is one of its wordings. Wordings are joined by a space, those that
begin with a mark («.05», «-го») directly; so are those behind a JOINED, which is not said («~а»). Between words a comma
may stand, at the end a full stop, and the first letter may be a capital: as Whisper writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

JOINED = "~"
Encode = Callable[[str], Sequence[int]]
"""Tokens of a text."""


@dataclass(frozen=True)
class Part:
    """One of `wordings`; `optional`: or nothing."""

    wordings: tuple[str, ...]
    optional: bool = False


@dataclass(eq=False)
class _Node:
    """A place inside the wordings of a part."""

    following: dict[int, _Node] = field(default_factory=dict)
    is_end: bool = False


@dataclass(frozen=True)
class _Compiled:
    """A part's wordings as trees of tokens: as the first of a text, behind a space, and joined without one."""

    first: _Node
    spaced: _Node
    joined: _Node
    optional: bool


@dataclass(frozen=True)
class _Place:
    """Where in one sequence: before part `part`, or, with a node, inside it."""

    sequence: int
    part: int
    node: _Node | None = None
    is_first: bool = False


State: TypeAlias = frozenset[_Place]
"""All the places in a grammar that the tokens so far can have led to."""

COMPLETE: frozenset[Any] = frozenset()
"""Behind the end of a text."""
_FULL_STOP = _Place(-1, 0)
_STOPPED: State = frozenset({_FULL_STOP})


class Grammar:
    """One question's texts. A search walks along `following` from `start` to COMPLETE."""

    def __init__(self, sequences: Iterable[Sequence[Part]], encode: Encode, end_of_text: int, told: str = "") -> None:
        """`told`: what the recogniser is told was said just before, which fixes how the answer is written."""
        self.told: tuple[int, ...] = tuple(encode(f" {told}")) if told else ()
        self._encode = encode
        self._end_of_text = end_of_text
        (self._comma,), (self._full_stop,) = encode(","), encode(".")
        compiled: dict[Part, _Compiled] = {}
        self._sequences: list[list[_Compiled]] = []
        for sequence in sequences:
            for part in sequence:
                if part not in compiled:
                    compiled[part] = self._compile(part)
            self._sequences.append([compiled[part] for part in sequence])
        self._known: dict[State, dict[int, State]] = {COMPLETE: {}, _STOPPED: {end_of_text: COMPLETE}}
        self.start: State = frozenset(_Place(number, 0, is_first=True) for number in range(len(self._sequences)))

    def following(self, state: State) -> Mapping[int, State]:
        """The tokens that may come next, and where each leads."""
        if state not in self._known:
            found: dict[int, set[_Place]] = {}
            ends = False
            for place in state:
                ends |= self._follow(place, found)
            self._known[state] = {token: frozenset(places) for token, places in found.items()}
            if ends:
                self._known[state] |= {self._end_of_text: COMPLETE, self._full_stop: _STOPPED}
        return self._known[state]

    def _follow(self, place: _Place, found: dict[int, set[_Place]]) -> bool:
        """Collect what may follow at a place; True when the text may end there."""
        if place.node is not None:
            self._enter(place.node, place, found)
            if not place.node.is_end:
                return False
            place = _Place(place.sequence, place.part + 1)
        for number in range(place.part, len(self._sequences[place.sequence])):
            part = self._sequences[place.sequence][number]
            here = _Place(place.sequence, number)
            if place.is_first:
                self._enter(part.first, here, found)
            else:
                self._enter(part.spaced, here, found)
                self._enter(part.joined, here, found)
                if part.spaced.following:
                    found.setdefault(self._comma, set()).add(_Place(place.sequence, number, part.spaced))
            if not part.optional:
                return False
        return not place.is_first

    def _enter(self, node: _Node, place: _Place, found: dict[int, set[_Place]]) -> None:
        for token, following in node.following.items():
            found.setdefault(token, set()).add(_Place(place.sequence, place.part, following))

    def _compile(self, part: Part) -> _Compiled:
        first, spaced, joined = _Node(), _Node(), _Node()
        for wording in part.wordings:
            if wording[0].isalnum() or wording[0] == "+":
                self._add(spaced, f" {wording}")
                for form in {wording, wording[0].upper() + wording[1:]}:
                    self._add(first, f" {form}")
            else:
                self._add(joined, wording.removeprefix(JOINED))
        return _Compiled(first, spaced, joined, part.optional)

    def _add(self, root: _Node, text: str) -> None:
        node = root
        for token in self._encode(text):
            node = node.following.setdefault(token, _Node())
        node.is_end = True
