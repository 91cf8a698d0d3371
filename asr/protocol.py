"""Messages of the recognition stream, shared by the service and its client (docs/protocols.md, "asr").

Control is JSON text, audio is binary: entries one after another, each `line: u16, samples: u16` (little endian)
and `samples` PCM values (s16le, 8 kHz). A `sample` in a message counts the line's samples since `open`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import BadInput
from core.events import Alternative
from core.words import Expects

RATE = 8000
"""Samples a second of everything that comes in."""

MAX_ENTRY_SAMPLES = RATE
"""Longest audio entry: a second. A worker sends 40 ms at a time; more than a second late is of no use in a call."""
MAX_AUDIO_BYTES = 256 * 1024
"""Longest audio message: 60 ms of 240 lines, or a second of 16."""
MAX_CONTROL_CHARACTERS = 64 * 1024
MAX_SEQUENCES, MAX_PARTS, MAX_WORDINGS = 16, 12, 4000
"""Of a grammar that is asked about: sequences, parts of one, wordings of all of them together. With 3,000 wordings it
takes 0.1 s before the search begins."""

_ENTRY = struct.Struct("<HH")
_T = TypeVar("_T")

Line = Annotated[int, Field(ge=0, le=0xFFFF)]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: Line


class Open(_Message):
    """A call begins on the line; its sample count starts at 0."""

    type: Literal["open"] = "open"
    call_id: str = Field(max_length=64)


class Expect(_Message):
    """What the next turn is likely to be."""

    type: Literal["expect"] = "expect"
    expects: Expects | None = None
    slot: str | None = Field(None, max_length=40)
    candidates: list[Phrase] = Field([], max_length=64, description="closes the set; something else stays possible")
    hints: list[Phrase] = Field([], max_length=64, description="words that are likely; they only help")


class Take(_Message):
    """The candidate turn is accepted: the next speech is a new turn."""

    type: Literal["take"] = "take"
    turn_id: str = Field(max_length=64)


class Discard(_Message):
    """Forget speech so far."""

    type: Literal["discard"] = "discard"


class Close(_Message):
    """The call is over."""

    type: Literal["close"] = "close"


class Speech(_Message):
    """Speech began at `sample`; said after about 100 ms of it."""

    type: Literal["speech"] = "speech"
    sample: int


class Silence(_Message):
    """0.2 s of silence; the last sound was at `sample`. Recognition of the turn starts now, on speculation."""

    type: Literal["silence"] = "silence"
    sample: int
    turn_id: str


class Resumed(_Message):
    """Speech goes on: that turn is void, and no `turn` follows for it."""

    type: Literal["resumed"] = "resumed"
    turn_id: str


class Turn(_Message):
    """What was recognised in a candidate turn; `text` is empty when there was no speech in it."""

    type: Literal["turn"] = "turn"
    turn_id: str
    text: str
    alternatives: list[Alternative] = []
    closed: bool = Field(False, description="a candidate of the closed set was chosen by its score")
    seconds: float = Field(0.0, description="from the `silence` message to this one")


class Error(BaseModel):
    """Bad input or a recogniser that failed; the connection and the other lines go on."""

    type: Literal["error"] = "error"
    line: int | None = None
    code: str
    message: str


ClientMessage = Annotated[Open | Expect | Take | Discard | Close, Field(discriminator="type")]
ServerMessage = Annotated[Speech | Silence | Resumed | Turn | Error, Field(discriminator="type")]
_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
_SERVER: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


def read_control(text: str) -> ClientMessage:
    """A control message; BadInput names the field and the rule, never the value."""
    if len(text) > MAX_CONTROL_CHARACTERS:
        raise BadInput(f"a control message has at most {MAX_CONTROL_CHARACTERS} characters", code="too_large")
    return _read(_CLIENT, text)


def read_server(text: str) -> ServerMessage:
    """A message of the service; BadInput when it is none."""
    return _read(_SERVER, text)


def _read(adapter: TypeAdapter[_T], text: str) -> _T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['type']}" for e in error.errors()[:5])
        raise BadInput(places) from None


def pack_audio(frames: Mapping[int, bytes]) -> bytes:
    """One binary message of the lines' PCM; more than a second of a line becomes several entries.

    Raises BadInput for PCM of an odd length.
    """
    parts: list[bytes] = []
    for line, pcm in frames.items():
        if len(pcm) % 2:
            raise BadInput("PCM of 16 bits has an even number of bytes")
        for start in range(0, len(pcm), 2 * MAX_ENTRY_SAMPLES):
            piece = pcm[start : start + 2 * MAX_ENTRY_SAMPLES]
            parts += (_ENTRY.pack(line, len(piece) // 2), piece)
    return b"".join(parts)


def unpack_audio(message: bytes) -> tuple[list[tuple[int, bytes]], BadInput | None]:
    """The entries (line, PCM) of an audio message, and what is wrong with the rest of it, if anything is.

    Whole entries before a fault are good; an oversized entry is left out and those behind it are good, too.
    """
    if len(message) > MAX_AUDIO_BYTES:
        return [], BadInput(f"an audio message has at most {MAX_AUDIO_BYTES} bytes", code="too_large")
    entries: list[tuple[int, bytes]] = []
    fault: BadInput | None = None
    at = 0
    while at < len(message):
        if at + _ENTRY.size > len(message):
            return entries, BadInput("the audio message ends inside an entry's head", code="bad_audio")
        line, samples = _ENTRY.unpack_from(message, at)
        at += _ENTRY.size
        end = at + 2 * samples
        if end > len(message):
            return entries, BadInput("the audio message ends inside an entry", code="bad_audio")
        if samples > MAX_ENTRY_SAMPLES:
            fault = BadInput(f"an audio entry has at most {MAX_ENTRY_SAMPLES} samples", code="too_large")
        else:
            entries.append((line, message[at:end]))
        at = end
    return entries, fault
