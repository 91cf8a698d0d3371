"""Promise: whatever Vyzov always says the same way can be understood over a telephone.

Every fixed prompt is spoken by the voice and recognised back. A failure means that a prompt is so worded that even a
recogniser which has the whole sentence loses more than every seventh letter of it: look at `scripts/bench prompts`.
"""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from core.settings import ROOT, Settings
from dialog.conversation.script import load_script
from scripts.prompts_bench import BAR_PCT, MEAN_BAR_PCT, character_errors, fixed_prompts, hear, over_the_telephone
from scripts.prompts_filled import filled_prompts
from telephony.prompts import load_texts

SCRIPT = load_script()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The embedded engines, whatever else this machine has."""
    return Settings(var_dir=tmp_path_factory.mktemp("prompts"), VYZOV_ASR="whisper", VYZOV_TTS="festival")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_fixed_prompt_is_understood(settings: Settings) -> None:
    """All of them, three times: 180 CPU s, a minute and a half on two free cores."""
    hearings = asyncio.run(hear(fixed_prompts(SCRIPT), settings))
    lost = [(h.said, h.heard, round(h.cer_pct)) for h in hearings if h.cer_pct > BAR_PCT]
    assert lost == [], "spoken, heard, character errors in per cent"
    assert sum(h.cer_pct for h in hearings) / len(hearings) <= MEAN_BAR_PCT


@pytest.mark.slow
def test_what_nobody_can_understand_is_found(settings: Settings) -> None:
    """Without this the test above could not fail."""
    (hearing,) = asyncio.run(hear(["Взбзднуть вкривь вплоть всхрапнув взгрустнув вспрыснув."], settings))
    assert hearing.cer_pct > BAR_PCT


def test_no_prompt_is_left_out() -> None:
    texts = fixed_prompts(SCRIPT)
    assert len(texts) == len(set(texts))
    assert {SCRIPT.phrases.greeting, SCRIPT.questions["entrance"].wordings[0], *load_texts().values()} <= set(texts)
    assert {rejection.say for rejection in SCRIPT.rejections.values()} <= set(texts)
    assert not [text for text in texts if "{" in text]
    assert not [text for text in filled_prompts(SCRIPT, ROOT / "regions" / "sample") if "{" in text]


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("Звоните 103 или 112!", "звоните 103 или сто двенадцать", 0),
        ("Ребёнок не мочился больше шести часов?", "ребенок не мочился больше 6 часов", 0),
        ("Номер 122-000042.", "номер 122 000 042", 0),
        ("Верно?", "верна", 20),
        ("Верно?", "", 100),
    ],
)
def test_errors_are_those_that_are_heard(said: str, heard: str, errors: int) -> None:
    assert round(character_errors(said, heard)) == errors


def test_the_telephone_keeps_speech() -> None:
    pcm = (12000 * np.sin(np.arange(8000) / 5)).astype("<i2")
    sound = over_the_telephone(pcm.tobytes())[4000:-4000]
    assert np.abs(sound.astype(int) - pcm).max() <= 256  # half a step of A-law at that level
    assert len(np.unique(sound)) <= 256
