"""The door between Python and pjsua2's conference bridge: one pooled port per line, PCM s16le mono at 8 kHz.

The media thread calls the port 50 times a second in each direction, first for what to play and then with what was
heard; the callbacks only copy. So both directions share one clock, the samples heard since `open`: what is played
while `clock` is N leaves the machine in the same 20 ms in which sample N comes in.

An AudioPort must never be destroyed while the library runs (the media thread calls into the dying object):
make a fixed number, reuse them, and keep them referenced until after `SipEndpoint.close`.
"""

from __future__ import annotations

import ctypes
from collections import deque
from typing import Any

import pjsua2 as pj

SAMPLE_RATE = 8000
FRAME_SAMPLES = 160
FRAME_BYTES = 2 * FRAME_SAMPLES
SILENT_FRAME = bytes(FRAME_BYTES)

AUDIBLE = 250
"""|sample| from which a sound counts as heard: about -42 dBFS. A-law noise of an idle line is 8, festvox-ru's own
silence stays under 60, the weakest first phone of a prompt («з», «с») passes it within a frame."""

HEARD_FRAMES = 500
"""Frames kept for a reader that is late: 10 s. Later frames are lost, and their time is kept as silence."""

# std::vector<uint8_t>: begin, end, end of capacity
_Vector = ctypes.c_void_p * 3


def first_audible(pcm: bytes) -> int | None:
    """Index of the first sample of `pcm` that is loud enough to be heard, None when all of it is silence.

    >>> first_audible(bytes(320) + (1000).to_bytes(2, "little"))
    160
    """
    samples = memoryview(pcm).cast("h")
    return next((i for i, sample in enumerate(samples) if sample >= AUDIBLE or sample <= -AUDIBLE), None)


class Playout:
    """One piece of PCM on its way to the wire. Its times are samples of the port's clock, None until they come."""

    def __init__(self, pcm: bytes) -> None:
        self.pcm = pcm
        self.samples = len(pcm) // 2
        self.audible_at: int | None = first_audible(pcm)
        """Index of the first audible sample inside `pcm`, None when it is silent throughout."""
        self.played = 0
        """Samples that have left."""
        self.started: int | None = None
        self.ended: int | None = None
        """When the last sample left, or when it was cleared."""
        self.cleared = False

    @property
    def audible(self) -> int | None:
        """When its first audible sample left."""
        if self.started is None or self.audible_at is None or self.played <= self.audible_at:
            return None
        return self.started + self.audible_at


class Playlist:
    """What is still to be played, piece after piece without a gap. Filled by one thread and played by another; all
    that they share is a deque."""

    def __init__(self) -> None:
        self._queue: deque[Playout] = deque()

    def add(self, playout: Playout) -> None:
        self._queue.append(playout)

    def clear(self, clock: int) -> None:
        while self._queue:
            try:
                playout = self._queue.popleft()
            except IndexError:  # the other thread took the last one
                return
            playout.cleared = True
            playout.ended = clock

    def next_frame(self, clock: int) -> bytes | None:
        """The 20 ms that leave at `clock`, None when there is nothing to play."""
        frame = b""
        while len(frame) < FRAME_BYTES:
            try:
                playout = self._queue[0]
            except IndexError:
                break
            filled = len(frame) // 2
            if playout.started is None:
                playout.started = clock + filled
            count = min(FRAME_SAMPLES - filled, playout.samples - playout.played)
            frame += playout.pcm[2 * playout.played : 2 * (playout.played + count)]
            playout.played += count
            if playout.played < playout.samples:
                continue
            try:
                if self._queue[0] is playout:
                    self._queue.popleft()
                    playout.ended = clock + filled + count
            except IndexError:  # cleared in this very moment
                break
        return frame.ljust(FRAME_BYTES, b"\0") if frame else None


class AudioPort(pj.AudioMediaPort):  # type: ignore[misc]
    """A port of the conference bridge with a bounded ear and a mouth that can be stopped at once.

    `open` and `close` bracket a call. `take` and `play` belong to the asyncio side; the two `onFrame…` methods
    are called by the library's media thread and share only GIL-atomic operations (deque, int) with it.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        shape = pj.MediaFormatAudio()
        shape.init(pj.PJMEDIA_FORMAT_PCM, SAMPLE_RATE, 1, FRAME_SAMPLES * 1_000_000 // SAMPLE_RATE, 16)
        self.clock = 0
        """Samples heard since `open`."""
        self._open = False
        self._heard: deque[bytes] = deque()
        self._lost_frames = 0
        self._playlist = Playlist()
        self._out = pj.ByteVector(FRAME_BYTES)
        self._out_address = int(_Vector.from_address(int(self._out.this))[0] or 0)
        self._silence = pj.ByteVector(FRAME_BYTES)
        self.createPort(name, shape)
        self.thisown = False  # its C++ side outlives everything, also at the interpreter's end

    def open(self) -> None:
        """A call begins: the clock starts at 0, nothing is left of the call before."""
        self._open = False
        self.clear()
        self._heard.clear()
        self._lost_frames = 0
        self.clock = 0
        self._open = True

    def close(self) -> None:
        """The call is over: later frames are ignored."""
        self._open = False
        self.clear()
        self._heard.clear()

    def take(self) -> bytes:
        """What was heard since the last `take`: whole 20 ms frames, without gaps in time."""
        frames = [self._heard.popleft() for _ in range(len(self._heard))]
        lost, self._lost_frames = self._lost_frames, 0
        if lost:
            frames.append(SILENT_FRAME * lost)
        return b"".join(frames)

    def play(self, pcm: bytes) -> Playout:
        """Queue `pcm` behind what is still to be played; the answer tells how far it has got.

        Raises ValueError for half a sample.
        """
        if len(pcm) % 2:
            raise ValueError("PCM has half a sample")
        playout = Playout(pcm)
        if playout.samples and self._open:
            self._playlist.add(playout)
        else:
            playout.ended = self.clock
            playout.cleared = bool(playout.samples)
        return playout

    def clear(self) -> None:
        """Stop playing at once; at most the 20 ms on their way are still heard."""
        self._playlist.clear(self.clock)

    def onFrameReceived(self, frame: Any) -> None:
        if not self._open:
            return
        try:
            vector = _Vector.from_address(int(frame.buf.this))
            begin, end = vector[0] or 0, vector[1] or 0
            pcm = ctypes.string_at(begin, FRAME_BYTES) if end - begin == FRAME_BYTES else SILENT_FRAME
            if len(self._heard) < HEARD_FRAMES:
                self._heard.append(pcm)
            else:
                self._lost_frames += 1
            self.clock += FRAME_SAMPLES
        except Exception:  # the library would only print it, 50 times a second
            self._lost_frames += 1

    def onFrameRequested(self, frame: Any) -> None:
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO  # silence is sent as well: a far end may watch for our RTP
        pcm = self._playlist.next_frame(self.clock)
        if pcm is None:
            frame.buf = self._silence
            return
        ctypes.memmove(self._out_address, pcm, FRAME_BYTES)
        frame.buf = self._out
