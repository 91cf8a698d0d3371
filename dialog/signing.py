"""Medical lists that a doctor has to sign: in production an unsigned one is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dialog.reader import Reader, ScriptError

_VARIABLE = "VYZOV_PRODUCTION"
_ON, _OFF = ("1", "true", "t", "yes", "y", "on"), ("", "0", "false", "f", "no", "n", "off")
"""The same words as the services' settings understand."""


def is_production(environment: Mapping[str, str] = os.environ) -> bool:
    """The setting `production` where there are no settings (Rasa's environment). Raises ScriptError."""
    word = environment.get(_VARIABLE, "").strip().lower()
    if word not in (*_ON, *_OFF):
        raise ScriptError(f"{_VARIABLE}: must be true or false")
    return word in _ON


def require_signed(*paths: Path) -> None:
    """Raises ScriptError, which names the file and what to do, for a list without `approved_by`."""
    for path in paths:
        if not Reader.open(path).optional_text("approved_by"):
            raise ScriptError(
                f"{path.name}: approved_by: nobody signed this list, and {_VARIABLE} is on. A doctor of the clinic "
                "must read the list, change what is wrong in it and put a name and the date there"
            )
