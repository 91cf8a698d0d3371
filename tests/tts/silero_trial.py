"""Run by test_silero in the environment that has torch: builds a small package with Silero's call and speaks with it.

Usage: silero_trial.py FOLDER; prints one JSON object. The model is a torch module that hums a tone for every letter.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch.package import PackageExporter

from core.errors import ConfigurationError
from tts.engines import TextRefused
from tts.engines.silero import Silero

SOURCE = """
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.level = torch.nn.Parameter(torch.tensor(0.3))

    def apply_tts(self, text, speaker, sample_rate):
        if speaker != "xenia" or sample_rate != 8000:
            raise ValueError("wrong speaker or rate")
        if "ъ" in text:
            raise Exception("Model couldn't generate your text")
        time = torch.arange(len(text) * sample_rate // 15) / sample_rate
        return (self.level * torch.sin(2 * torch.pi * 440 * time)).detach()
"""


def build(path: Path) -> None:
    """A package as the vendor's: resource `model` of package `tts_models`, its code inside."""
    code = path.parent / "trial_model.py"
    code.write_text(SOURCE)
    sys.path.insert(0, str(path.parent))
    import trial_model  # type: ignore[import-not-found]

    with PackageExporter(str(path)) as exporter:
        exporter.intern("trial_model")
        exporter.extern("torch.**")
        exporter.save_pickle("tts_models", "model", trial_model.Model())
    code.unlink()
    del sys.modules["trial_model"]


async def trial(folder: Path) -> dict[str, object]:
    path = folder / "ru.pt"
    build(path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    engine = Silero(path, right, "xenia")
    await engine.start()
    samples = np.frombuffer(await engine.speak("Назовите дату рождения."), "<i2") / 32768.0
    try:
        await engine.speak("съезд")
        refused = False
    except TextRefused:
        refused = True
    after = await engine.speak("Назовите адрес.")
    await engine.stop()

    faults = {}
    path.with_name("ru.pt.sha256").write_text(f"{right}  ru.pt\n")
    by_file = Silero(path, "", "xenia")
    await by_file.start()
    for name, sha256 in (("other_hash", "0" * 64), ("no_hash", "none")):
        try:
            await Silero(path, sha256, "xenia").start()
        except ConfigurationError as error:
            faults[name] = str(error)
    path.write_bytes(path.read_bytes()[:-100])
    try:
        await Silero(path, right, "xenia").start()
    except ConfigurationError as error:
        faults["damaged"] = str(error)
    return {
        "torch": torch.__version__,
        "version": engine.version,
        "seconds": samples.size / 8000,
        "rms_dbfs": float(20 * np.log10(np.sqrt(np.mean(samples**2)))),
        "hertz": float(np.argmax(np.abs(np.fft.rfft(samples))) * 8000 / samples.size),
        "refused": refused,
        "after": len(after),
        "by_file": by_file.ready,
        "faults": faults,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(trial(Path(sys.argv[1])))))
