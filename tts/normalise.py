"""Russian text made speakable."""

from __future__ import annotations

import re


def normalise(text: str) -> str:
    return " ".join(re.sub(r"[^а-яёА-ЯЁ ,.?!-]", " ", text).split())
