"""Voice activity: Silero's ONNX model, run once over the frames of all lines."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from asr.protocol import RATE
from core.errors import ConfigurationError

FRAME = 256
"""Samples of one frame at 8 kHz: 32 ms; the model knows no other length."""
_CONTEXT = 32
"""Samples of the frame before that the model wants in front."""

Floats = npt.NDArray[np.float32]


def model_path() -> Path:
    """The model inside the installed silero_vad package, which is found and not imported: it would want torch."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the package silero-vad is not installed; install requirements/services.lock")
    path = Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"
    if not path.is_file():
        raise ConfigurationError(f"{path} is absent; install silero-vad again from requirements/services.lock")
    return path


class VadState:
    """What the model remembers of one line."""

    def __init__(self) -> None:
        self.memory: Floats = np.zeros((2, 128), np.float32)
        self.context: Floats = np.zeros(_CONTEXT, np.float32)

    def forget(self) -> None:
        """Begin anew, as with a line that was just opened."""
        self.memory = np.zeros_like(self.memory)


class Vad:
    """One model for all lines: 0.0008 CPU s a second of audio in batches of 64 and more lines, 0.003 alone."""

    def __init__(self, path: Path | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path or model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(RATE, np.int64)

    def probabilities(self, frames: list[npt.NDArray[np.int16]], states: list[VadState]) -> list[float]:
        """The speech probability of one frame (256 samples) of each line; moves the lines' states on."""
        sound = np.stack(frames).astype(np.float32) / np.float32(32768)
        context = np.stack([state.context for state in states])
        memory = np.stack([state.memory for state in states], axis=1)
        output, memory = self._session.run(
            None, {"input": np.concatenate([context, sound], axis=1), "state": memory, "sr": self._rate}
        )
        for index, state in enumerate(states):
            state.memory = memory[:, index]
            state.context = sound[index, -_CONTEXT:]
        return [float(p) for p in output[:, 0]]
