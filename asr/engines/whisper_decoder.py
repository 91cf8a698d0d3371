"""Whisper's decoder, a step at a time, in numpy: what each of some texts may go on with.

CTranslate2 decodes freely or scores whole texts, and repeats the sound for each of them. Searching what a question's
grammar allows needs the probabilities after many beginnings of texts at once. The encoder stays CTranslate2's.

Shapes: B beginnings, T positions of the sound, W the width (512 for Whisper base), H heads, V tokens.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

Floats = npt.NDArray[np.float32]

_FORMAT = 6
"""Of CTranslate2's `model.bin` (ctranslate2/specs/model_spec.py): name and shape of each array, then its bytes."""
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


@dataclass(frozen=True)
class _Linear:
    weight: Floats
    """(in, out)."""
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        return x @ self.weight + self.bias


@dataclass(frozen=True)
class _Norm:
    gain: Floats
    shift: Floats

    def __call__(self, x: Floats) -> Floats:
        centred = x - x.mean(-1, keepdims=True)
        return np.asarray(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * self.gain + self.shift)


@dataclass(frozen=True)
class _Layer:
    own_norm: _Norm
    own_in: _Linear
    own_out: _Linear
    sound_norm: _Norm
    sound_query: _Linear
    sound_in: _Linear
    sound_out: _Linear
    last_norm: _Norm
    wide: _Linear
    narrow: _Linear


@dataclass(frozen=True)
class Sound:
    """What the layers look up in a sound: keys (H, W/H, T) and values (H, T, W/H) of each."""

    layers: tuple[tuple[Floats, Floats], ...]


@dataclass(frozen=True)
class Beginnings:
    """B texts of the same length: what the layers keep of them, (B, length, H, W/H) twice for each layer, and the log
    probability of each of the decoder's `tokens` to come next, (B, V)."""

    kept: tuple[tuple[Floats, Floats], ...]
    following: Floats

    @property
    def length(self) -> int:
        return int(self.kept[0][0].shape[1])


class WhisperDecoder:
    """One model. `tokens` are the only ones that it ever expects: the share of the others is left out, which makes a
    step a third cheaper and changes nothing for a text that is known to be Russian."""

    def __init__(self, model: Path, tokens: Sequence[int]) -> None:
        """Raises ConfigurationError for a file of another kind."""
        arrays = _read(model)
        try:
            self._embeddings = arrays["decoder/embeddings/weight"]
            self._positions = arrays["decoder/position_encodings/encodings"]
            self._norm = _norm(arrays, "decoder")
            self._layers = tuple(
                _layer(arrays, f"decoder/layer_{number}") for number in range(_layers(arrays))
            )  # fmt: skip
            self._heads = int(arrays["decoder/num_heads"])
        except KeyError as error:
            raise ConfigurationError(f"{model} is no Whisper model: it has no {error}") from None
        self.tokens = np.asarray(tokens)
        self._likely = np.ascontiguousarray(self._embeddings[self.tokens].T)

    def listen(self, features: Floats) -> Sound:
        """`features`: (T, W), the encoder's."""
        width = features.shape[1]
        layers = []
        for layer in self._layers:
            both = layer.sound_in(features)
            keys, values = (half.reshape(len(features), self._heads, -1) for half in (both[:, :width], both[:, width:]))
            layers.append((np.ascontiguousarray(keys.transpose(1, 2, 0)), np.ascontiguousarray(values.swapaxes(0, 1))))
        return Sound(tuple(layers))

    def begin(self, sound: Sound, prompt: Sequence[int]) -> Beginnings:
        """One beginning, the prompt."""
        shape = (1, 0, self._heads, self._embeddings.shape[1] // self._heads)
        empty = np.zeros(shape, np.float32)
        beginnings = Beginnings(tuple((empty, empty) for _ in self._layers), np.zeros((1, 0), np.float32))
        for token in prompt:
            beginnings = self.go_on(sound, beginnings, [0], [token])
        return beginnings

    def go_on(self, sound: Sound, before: Beginnings, which: Sequence[int], tokens: Sequence[int]) -> Beginnings:
        """New beginnings: number `which[i]` of those before with `tokens[i]` behind it."""
        x = self._embeddings[np.asarray(tokens)] + self._positions[before.length]
        count, width = x.shape
        split = (count, self._heads, width // self._heads)
        scale = np.float32((width // self._heads) ** -0.5)
        chosen = np.asarray(which)
        kept = []
        for layer, (sound_keys, sound_values), (old_keys, old_values) in zip(
            self._layers, sound.layers, before.kept, strict=True
        ):
            query, key, value = np.split(layer.own_in(layer.own_norm(x)), 3, axis=1)
            keys = np.concatenate([old_keys[chosen], key.reshape(count, 1, *split[1:])], axis=1)
            values = np.concatenate([old_values[chosen], value.reshape(count, 1, *split[1:])], axis=1)
            kept.append((keys, values))
            weights = _softmax((query.reshape(split) * scale)[:, :, None] @ keys.transpose(0, 2, 3, 1))
            x = x + layer.own_out((weights @ values.transpose(0, 2, 1, 3)).reshape(count, width))
            query = layer.sound_query(layer.sound_norm(x)).reshape(split).swapaxes(0, 1) * scale
            looked_up = _softmax(query @ sound_keys) @ sound_values
            x = x + layer.sound_out(looked_up.swapaxes(0, 1).reshape(count, width))
            x = x + layer.narrow(_gelu(layer.wide(layer.last_norm(x))))
        logits = self._norm(x) @ self._likely
        return Beginnings(tuple(kept), logits - _log_sum(logits))


def _softmax(x: Floats) -> Floats:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _log_sum(x: Floats) -> Floats:
    top = x.max(-1, keepdims=True)
    return np.asarray(top + np.log(np.exp(x - top).sum(-1, keepdims=True)))


def _gelu(x: Floats) -> Floats:
    """By its tanh approximation (Hendrycks and Gimpel 2016), at most 0.001 off; `exp` is four times as fast."""
    return np.asarray(x / (1 + np.exp(np.clip(-1.5957691216 * (x + 0.044715 * x * x * x), -60, 60))))


def _norm(arrays: dict[str, Floats], name: str) -> _Norm:
    return _Norm(arrays[f"{name}/layer_norm/gamma"], arrays[f"{name}/layer_norm/beta"])


def _linear(arrays: dict[str, Floats], name: str) -> _Linear:
    return _Linear(np.ascontiguousarray(arrays[f"{name}/weight"].T), arrays[f"{name}/bias"])


def _layer(arrays: dict[str, Floats], name: str) -> _Layer:
    own, sound, last = f"{name}/self_attention", f"{name}/attention", f"{name}/ffn"
    linear: Callable[[str], _Linear] = lambda place: _linear(arrays, place)  # noqa: E731
    return _Layer(
        _norm(arrays, own), linear(f"{own}/linear_0"), linear(f"{own}/linear_1"),
        _norm(arrays, sound), linear(f"{sound}/linear_0"), linear(f"{sound}/linear_1"), linear(f"{sound}/linear_2"),
        _norm(arrays, last), linear(f"{last}/linear_0"), linear(f"{last}/linear_1"),
    )  # fmt: skip


def _layers(arrays: dict[str, Floats]) -> int:
    return len({name.split("/")[1] for name in arrays if name.startswith("decoder/layer_") and name.count("/") > 2})


def _read(model: Path) -> dict[str, Floats]:
    """The decoder's arrays. Raises ConfigurationError."""
    try:
        with model.open("rb") as file:
            return _arrays(file)
    except (OSError, struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{model} cannot be read as a CTranslate2 model of format {_FORMAT} ({type(error).__name__})"
        ) from None


def _arrays(file: BinaryIO) -> dict[str, Floats]:
    def number(form: str) -> int:
        return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])

    def name() -> str:
        return file.read(number("<H")).rstrip(b"\0").decode()

    if number("<I") != _FORMAT:
        raise ValueError("another format")
    name(), number("<I")  # the model's kind and its revision
    arrays: dict[str, Floats] = {}
    for _ in range(number("<I")):
        called = name()
        shape = [number("<I") for _ in range(number("<B"))]
        kind, size = _TYPES[number("<B")], number("<I")
        if called.startswith("decoder/"):
            array = np.frombuffer(file.read(size), kind).reshape(shape)
            arrays[called] = array.astype(np.float32)
        else:
            file.seek(size, 1)
    return arrays
