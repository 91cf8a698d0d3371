"""Search in a list of words by sound: nearest whole words, or words that stand somewhere inside what was heard.

Two steps: a signature of neighbouring sound classes (two 64-bit words an entry, compared by popcount) leaves a few
hundred entries; a weighted edit distance, computed for all of them at once by numpy, orders those.
Measured on one core: 500,000 entries, 8 sounds heard, pool of 300: about 4 ms; see tests for the shape of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understanding.phonetics import ALPHABET, EXTRA, MISSED, SUBSTITUTION, Codes, Costs, encode

Rows = NDArray[np.intp]
Signatures = NDArray[np.uint64]

_CLASSES = ["ао", "еиыэя", "ую", "бп", "вф", "гкх", "дт", "жшщч", "зсц", "мн", "л", "р"]
_CLASS = np.zeros(len(ALPHABET) + 1, np.int64)
for _number, _letters in enumerate(_CLASSES, 1):
    for _letter in _letters:
        _CLASS[ALPHABET.index(_letter) + 1] = _number
_FAVOUR = 0.05
"""Likeness of signatures (0..1) that a unit of log prior is worth: «днейтревно» must still find «Дмитриевна»."""
_COST_OF_LOG = 0.45
"""Edit cost that a unit of log prior is worth: 1 / SHARPNESS of those who decode."""
_SPREAD = 37
"""Odd multiplier that spreads the 144 pairs of classes over 64 bits."""
_WINDOW, _STEP = 14, 4
"""Sounds of a stretch of what was heard, and from one to the next, by which short entries inside it are picked."""
_PRUNED = 4
"""Sounds after which entries that cost too much already are left out."""
_AT_ONCE = 20_000
"""Entries whose signatures are made together: 20 MB of scratch."""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that resemble what was heard, cheapest first."""

    rows: Rows
    costs: Costs


def pack(sounds: Sequence[str]) -> tuple[Codes, NDArray[np.uint8]]:
    """Codes padded to the longest, shape (n, longest), and lengths, shape (n,)."""
    lengths = np.fromiter((len(one) for one in sounds), np.uint8, len(sounds))
    longest = int(lengths.max()) if len(sounds) else 0
    codes = np.zeros((len(sounds), longest), np.uint8)
    codes[np.arange(longest)[None, :] < lengths[:, None]] = encode("".join(sounds))
    return codes, lengths


def signatures(codes: Codes) -> Signatures:
    """Two words an entry: pairs of neighbouring classes, and pairs with one sound between them; shape (n, 2)."""
    if len(codes) > _AT_ONCE:
        return np.concatenate([signatures(codes[i : i + _AT_ONCE]) for i in range(0, len(codes), _AT_ONCE)])
    classes = _CLASS[codes]
    signs = np.zeros((len(codes), 2), np.uint64)
    for word, gap in ((0, 1), (1, 2)):
        left, right = classes[:, :-gap], classes[:, gap:]
        bits = np.uint64(1) << ((left * 12 + right) * _SPREAD % 64).astype(np.uint64)
        bits[(left == 0) | (right == 0)] = 0
        if bits.shape[1]:
            signs[:, word] = np.bitwise_or.reduce(bits, axis=1)
    return signs


def whole_costs(
    codes: Codes, lengths: NDArray[np.uint8], heard: Codes, *, inside: bool = False, most: float = np.inf
) -> Costs:
    """Cost of hearing `heard` for each entry, both from end to end; shape (n,).

    `inside`: what lies before and behind the entry costs nothing. An entry that costs more than `most` may have inf.
    """
    extra = np.concatenate(([0.0], np.cumsum(EXTRA[heard]))).astype(np.float32)
    instead = SUBSTITUTION[:, heard]
    rows = np.argsort(lengths, kind="stable")[::-1]  # longest first: those that are done fall off the end
    codes, lengths = codes[rows], lengths[rows]
    table = np.zeros((len(codes), len(extra)), np.float32) if inside else np.repeat(extra[None, :], len(codes), axis=0)
    result = np.full(len(codes), np.inf, np.float32)
    for i in range(int(lengths.max(initial=0)) + 1):
        left = int(np.count_nonzero(lengths > i))
        result[rows[left:]] = table[left:].min(axis=1) if inside else table[left:, -1]
        rows, codes, lengths, table = rows[:left], codes[:left], lengths[:left], table[:left]
        if most < np.inf and i % _PRUNED == _PRUNED - 1:  # what an entry costs so far it will cost in the end
            cheap = table.min(axis=1) <= most
            rows, codes, lengths, table = rows[cheap], codes[cheap], lengths[cheap], table[cheap]
        if not len(rows):
            break
        sound = codes[:, i]
        step = table + MISSED[sound][:, None]
        np.minimum(step[:, 1:], table[:, :-1] + instead[sound], out=step[:, 1:])
        step -= extra
        np.minimum.accumulate(step, axis=1, out=step)
        step += extra
        table = step
    return result


def inside_costs(codes: Codes, lengths: NDArray[np.uint8], heard: Codes) -> tuple[Costs, NDArray[np.int32]]:
    """Cost of each entry ending at each place of `heard`, and where it begins then; both (n, len(heard) + 1).

    What lies before an entry costs nothing.
    """
    size = len(heard) + 1
    extra = np.concatenate(([0.0], np.cumsum(EXTRA[heard]))).astype(np.float32)
    instead = SUBSTITUTION[:, heard]
    table = np.zeros((len(codes), size), np.float32)
    places = np.arange(size, dtype=np.int32)
    start = np.repeat(places[None, :], len(codes), axis=0)
    cost, begin = np.zeros_like(table), np.zeros_like(start)
    for i in range(int(lengths.max(initial=0))):
        sound = codes[:, i]
        step = table + MISSED[sound][:, None]
        diagonal = table[:, :-1] + instead[sound]
        better = diagonal < step[:, 1:]
        np.copyto(step[:, 1:], diagonal, where=better)
        origin = start.copy()
        np.copyto(origin[:, 1:], start[:, :-1], where=better)
        level = step - extra
        lowest = np.minimum.accumulate(level, axis=1)
        source = np.maximum.accumulate(np.where(level <= lowest, places, 0), axis=1)
        table = lowest + extra
        start = np.take_along_axis(origin, source, axis=1)
        done = np.flatnonzero(lengths == i + 1)
        cost[done], begin[done] = table[done], start[done]
    return cost, begin


class SoundIndex:
    """A searchable list of sound strings; rows are positions in that list."""

    def __init__(self, codes: Codes, lengths: NDArray[np.uint8], signs: Signatures) -> None:
        self.codes, self.lengths, self.signs = codes, lengths, signs
        self._first, self._second = np.ascontiguousarray(signs[:, 0]), np.ascontiguousarray(signs[:, 1])
        self._bits = np.bitwise_count(self._first) + np.bitwise_count(self._second)

    @classmethod
    def of(cls, sounds: Sequence[str]) -> SoundIndex:
        codes, lengths = pack(sounds)
        return cls(codes, lengths, signatures(codes))

    def __len__(self) -> int:
        return len(self.codes)

    def _likely(
        self, heard: Codes, pool: int, favour: Costs | None, *, contained: bool, among: Rows | None = None
    ) -> Rows:
        if among is not None:
            if len(among) <= pool:
                return among
            picked = SoundIndex(self.codes[:0], self.lengths[:0], self.signs[among])
            return among[picked._likely(heard, pool, favour, contained=contained)]
        if len(self._first) <= pool:
            return np.arange(len(self._first))
        first, second = signatures(heard[None, :])[0]
        shared = (np.bitwise_count(self._first & first) + np.bitwise_count(self._second & second)).astype(np.float32)
        if contained:
            likeness = (shared + 0.5) / (self._bits + 1.5)
        else:
            likeness = shared / (self._bits + int(first).bit_count() + int(second).bit_count() + np.float32(1))
        if favour is not None:
            likeness += _FAVOUR * favour
        return np.argpartition(-likeness, pool)[:pool]

    def nearest(
        self, heard: str, limit: int, *, pool: int = 400, favour: Costs | None = None, among: Rows | None = None,
        most: float = np.inf,
    ) -> Found:  # fmt: skip
        """The `limit` entries that `heard` most likely is as a whole.

        `favour`: log prior of each entry; `among` (without `favour`): these rows alone; `most`: costs above
        it are of no interest.
        """
        codes = encode(heard)
        rows = self._likely(codes, pool, favour, contained=False, among=among)
        costs = whole_costs(self.codes[rows], self.lengths[rows], codes, most=most)
        order = np.argsort(costs if favour is None else costs - _COST_OF_LOG * favour[rows], kind="stable")[:limit]
        return Found(rows[order], costs[order])

    def inside(self, heard: str, favour: Costs, *, pool: int = 500) -> tuple[Rows, Costs, NDArray[np.int32]]:
        """Entries that may stand somewhere in `heard`, with the matrices of `inside_costs`."""
        codes = encode(heard)
        rows = self._likely(codes, pool, favour, contained=True)
        return rows, *inside_costs(self.codes[rows], self.lengths[rows], codes)

    def within(self, heard: str, limit: int, worth: float, *, pool: int = 400) -> Rows:
        """The `limit` short entries that most likely stand somewhere in a long `heard`.

        `worth`: edit cost that each sound of an entry explains. Of many entries those are looked at whose signature is
        most like that of any stretch of `heard`.
        """
        codes = encode(heard)
        rows: Rows = np.arange(len(self))
        if len(self) > pool:
            places = range(0, max(1, len(codes) - _WINDOW + _STEP), _STEP)
            stretches, _lengths = pack([heard[place : place + _WINDOW] for place in places])
            bits = np.minimum(self._bits, 2 * _WINDOW - 3) + np.float32(1.5)  # more pairs no stretch can have
            likeness = np.zeros(len(self), np.float32)
            for first, second in signatures(stretches):
                shared = np.bitwise_count(self._first & first) + np.bitwise_count(self._second & second)
                np.maximum(likeness, (shared + np.float32(0.5)) / bits, out=likeness)
            rows = np.argpartition(-likeness, pool)[:pool]
        costs = whole_costs(self.codes[rows], self.lengths[rows], codes, inside=True)
        nearest: Rows = rows[np.argsort(costs - worth * self.lengths[rows], kind="stable")[:limit]]
        return nearest
