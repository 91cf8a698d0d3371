"""What is said outside of the questions: `script/phrases.yml`. Standard library and PyYAML only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from dialog.reader import SCRIPT_DIR, Reader

_FIELDS: dict[str, frozenset[str]] = {
    "rejected_transfer": frozenset({"reason"}),
    "check": frozenset({"value"}),
    "check_patient": frozenset({"value"}),
    "readback": frozenset({"name", "birth_date", "address", "phone"}),
    "readback_phone": frozenset({"phone"}),
    "created": frozenset({"number", "day"}),
    "queued": frozenset({"number"}),
    "scheduled": frozenset({"number", "day"}),
    "needs_registrar": frozenset({"number"}),
}


@dataclass(frozen=True)
class Phrases:
    """One field, one phrase; `script/phrases.yml` says when each is spoken."""

    fault: str
    operator_transfer: str
    no_match_transfer: str
    rejected_transfer: str
    transfer_failed: str
    transfer_failed_emergency: str
    silence_end: str
    cancel_earlier: str
    cancelled: str
    emergency_question: str
    emergency_again: str
    emergency_transfer: str
    emergency_refused: str
    silence_first: str
    silence_second: str
    not_understood: str
    cancel_question: str
    cancel_kept: str
    repeat_prefix: str
    check: str
    check_patient: str
    readback: str
    readback_phone: str
    created: str
    queued: str
    scheduled: str
    needs_registrar: str

    @classmethod
    def load(cls, folder: Path = SCRIPT_DIR) -> Phrases:
        """Raises ScriptError."""
        reader = Reader.open(folder / "phrases.yml")
        phrases = cls(**{f.name: reader.text(f.name, fields=_FIELDS.get(f.name, frozenset())) for f in fields(cls)})
        reader.done()
        for name in ("emergency_question", "emergency_again", "emergency_transfer"):
            first_sentence = str(getattr(phrases, name)).split(".")[0].split("?")[0]
            if "103" not in first_sentence or "112" not in first_sentence:
                raise reader.fail(name, "its first sentence must name 103 and 112")
        return phrases

    def fixed(self) -> list[str]:
        """The phrases that are always the same."""
        return [getattr(self, f.name) for f in fields(self) if "{" not in getattr(self, f.name)]
