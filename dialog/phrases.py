"""What is said outside of the questions: `script/phrases.yml`. Standard library and PyYAML only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from dialog.reader import SCRIPT_DIR, Reader

_FIELDS: dict[str, frozenset[str]] = {
    "rejected_transfer": frozenset({"reason"}),
    "go_on_question": frozenset({"before"}),
    "call_back_phone": frozenset({"before"}),
    "corrected": frozenset({"value"}),
    "check": frozenset({"value"}),
    "check_patient": frozenset({"value"}),
    "offer_patient": frozenset({"value"}),
    "offer_address": frozenset({"value"}),
    "readback": frozenset({"name", "birth_date", "address", "phone", "temperature"}),
    "readback_slow": frozenset({"name", "birth_date", "address", "phone", "temperature"}),
    "readback_phone": frozenset({"phone"}),
    "readback_temperature": frozenset({"temperature"}),
    "status_delivered": frozenset({"number", "day"}),
    "status_scheduled": frozenset({"number"}),
    "status_waiting": frozenset({"number"}),
    "status_registrar": frozenset({"number"}),
    "cancel_visit_question": frozenset({"number"}),
    "another_visit_told": frozenset({"number", "day"}),
    "created": frozenset({"number", "day"}),
    "created_urgent": frozenset({"number", "day"}),
    "queued": frozenset({"number"}),
    "scheduled": frozenset({"number", "day"}),
    "needs_registrar": frozenset({"number"}),
    "number_again": frozenset({"number", "day"}),
    "number_again_registrar": frozenset({"number"}),
}


@dataclass(frozen=True)
class Phrases:
    """One field, one phrase; `script/phrases.yml` says when each is spoken."""

    greeting: str
    greeting_again: str
    fault: str
    operator_transfer: str
    no_match_transfer: str
    rejected_transfer: str
    transfer_failed: str
    transfer_failed_emergency: str
    silence_end: str
    cancelled: str
    farewell: str
    wrong_number_end: str
    operators_closed: str
    operator_silent: str
    go_on_question: str
    call_back_phone: str
    call_back_noted: str
    call_back_missed: str
    emergency_question: str
    emergency_again: str
    emergency_transfer: str
    emergency_refused: str
    doubt_question: str
    silence_first: str
    silence_second: str
    not_understood: str
    cancel_question: str
    cancel_kept: str
    wait: str
    slower: str
    calm: str
    recording_refused: str
    wrong_number_question: str
    adult_here: str
    several: str
    first_patient: str
    next_patient: str
    corrected: str
    check: str
    check_patient: str
    offer_patient: str
    offer_address: str
    readback: str
    readback_slow: str
    readback_phone: str
    readback_temperature: str
    status_delivered: str
    status_scheduled: str
    status_waiting: str
    status_registrar: str
    status_none: str
    visit_phone: str
    cancel_visit_question: str
    visit_cancelled: str
    visit_cancel_later: str
    visit_kept: str
    another_visit_question: str
    another_visit_told: str
    another_visit_not: str
    alternatives: str
    alternatives_taken: str
    created: str
    created_urgent: str
    queued: str
    scheduled: str
    needs_registrar: str
    goodbye: str
    number_again: str
    number_again_registrar: str

    @classmethod
    def load(cls, folder: Path = SCRIPT_DIR) -> Phrases:
        """Raises ScriptError."""
        reader = Reader.open(folder / "phrases.yml")
        phrases = cls(**{f.name: reader.text(f.name, fields=_FIELDS.get(f.name, frozenset())) for f in fields(cls)})
        reader.done()
        if "103" not in phrases.greeting or "112" not in phrases.greeting:
            raise reader.fail("greeting", "must name 103 and 112")
        for name in ("emergency_question", "emergency_again", "emergency_transfer"):
            first_sentence = str(getattr(phrases, name)).split(".")[0].split("?")[0]
            if "103" not in first_sentence or "112" not in first_sentence:
                raise reader.fail(name, "its first sentence must name 103 and 112")
        return phrases

    def fixed(self) -> list[str]:
        """The phrases that are always the same."""
        return [getattr(self, f.name) for f in fields(self) if "{" not in getattr(self, f.name)]
