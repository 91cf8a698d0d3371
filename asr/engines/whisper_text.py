"""What Whisper writes, put in order: plain text, and guards against text that nobody said.

On silence it invents the credits of films, on noise it repeats what it was told as a hint.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from asr.closed_set import alike
from core.errors import ConfigurationError
from core.words import EXPECTS, SLOTS

NOT_AN_ECHO = 0.5
"""Share of letters that a repeated hint must have in common with what was heard without it."""
_HINTS_FILE = Path(__file__).with_name("hints.yml")
_INVENTED = re.compile(r"субтитр|dimatorzok|продолжение следует|спасибо за просмотр|amara\.org|музыка", re.I)
"""What Whisper says of silence and noise: the credits of films it was trained with."""
_RUSSIAN = re.compile(r"[\sа-яё\d.,:;!?+\-—–«»\"'()/№%\ufffd]+", re.I)
"""… and the halves of letters that some tokens are."""
_WORDS = re.compile(r"[^\w\s+-]+|_")


def normal(text: str) -> str:
    """Lower case, single spaces, no punctuation; ё, digits and hyphens inside words stay."""
    return " ".join(word.strip("-") for word in _WORDS.sub(" ", text.lower()).split() if word.strip("-"))


def is_russian(piece: str) -> bool:
    """True for a piece of Russian text: Cyrillic letters, digits, marks."""
    return _RUSSIAN.fullmatch(piece) is not None


def invented(raw: str) -> bool:
    """True for what Whisper makes of noise: the credits of films, or a description of it in capitals."""
    letters = [letter for letter in raw if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    return bool(_INVENTED.search(raw)) or (len(letters) >= 5 and capitals > 0.7 * len(letters))


def stands_in(text: str, hint: str) -> bool:
    """True when `text` is words of the hint; both as `normal` has them."""
    return f" {text} " in f" {hint} "


def echoed(text: str, hint: str, plain: str) -> bool:
    """True when `text` stands in the hint and does not sound like what was heard without it (`plain`).

    On noise a hint of names comes back as one of them with a score as good as a caller's.
    """
    return stands_in(text, hint) and alike(text, plain) < NOT_AN_ECHO


def load_hints(path: Path = _HINTS_FILE) -> dict[str, list[str]]:
    """The hints by slot or expectation. Raises ConfigurationError for a file of another shape."""
    data = yaml.safe_load(path.read_text())
    if not isinstance(data, dict) or not all(
        key in (*SLOTS, *EXPECTS) and isinstance(texts, list) and all(isinstance(t, str) for t in texts)
        for key, texts in data.items()
    ):
        raise ConfigurationError(f"{path}: a mapping of slots or expectations to lists of texts is needed")
    return data
