"""How long a caller waits for an answer, part by part, on the line's one clock.

voice_to_voice is measured between two samples of the audio port's clock: the last sound of the caller, as the
recogniser found it, and the first sample above the threshold of hearing that was handed to the wire after it (a
filler counts: the caller hears it). Both directions share that clock, so what is missing from the wait that the
caller's own recording shows is only the way there and back. Nearly all of that is the time that sound waits in our
jitter buffer, so what stands in the buffer when the turn is over is added. Measured on loopback with PCMA and the
library's adaptive buffers, on 2 cores: at rest the way is 30 to 50 ms and the buffer holds 2 frames, 40 ms; with a
load of 5 the way grew at times to 120 and 390 ms with 6 and 20 frames in the buffer. The caller's own buffer
and a real network come on top and cannot be seen from here. tests/telephony/test_worker.py measures it anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Latency
from core.metrics import TURN_SECONDS
from telephony.audio_port import SAMPLE_RATE


@dataclass
class TurnTimes:
    """Collected while a turn is answered. Samples are of the port's clock; None where there is nothing to measure
    (typed and silent turns, speech that ended while a prompt was still heard)."""

    last_sound: int | None = None
    decided: int | None = None
    buffered: float = 0.0
    """Seconds that the caller's sound waited in the jitter buffer."""
    recognition: float | None = None
    dialog: float | None = None
    synthesis: float | None = None
    answered: int | None = None
    """First audible sample of what was played after the turn."""

    def latency(self) -> Latency:
        """The parts as the event and the metrics have them, seconds rounded to milliseconds."""
        end_of_turn = voice = None
        if self.last_sound is not None and self.decided is not None:
            end_of_turn = (self.decided - self.last_sound) / SAMPLE_RATE
        if self.last_sound is not None and self.answered is not None:
            voice = (self.answered - self.last_sound) / SAMPLE_RATE + self.buffered
        parts = {
            "end_of_turn": end_of_turn,
            "recognition": self.recognition,
            "dialog": self.dialog,
            "synthesis": self.synthesis,
            "voice_to_voice": voice,
        }
        return Latency(**{name: None if value is None else round(value, 3) for name, value in parts.items()})


def observe(latency: Latency) -> None:
    """Into the histogram, every part that is known."""
    for part, seconds in latency.model_dump().items():
        if seconds is not None:
            TURN_SECONDS.labels(part).observe(seconds)
