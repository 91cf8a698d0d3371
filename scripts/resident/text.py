"""A resident without a telephone: the turns of a scenario as text, straight to the running dialog."""

from __future__ import annotations

import time
import uuid
from datetime import date
from typing import Any

from dialog.client import Answer, DialogClient, Turn
from scripts.resident.answers import Answers
from scripts.resident.office import Office
from scripts.resident.report import report
from scripts.resident.scenario import Deed, Scenario
from scripts.resident.verdict import Came

TURNS = 90
"""More than the script's own limit: a call that is longer goes in circles."""
NOTICED_SILENCE_SECONDS = 4.0
"""A shorter wait is a pause to think; a longer one is a turn of silence, as telephony has it."""
SILENCE = Turn(silence=True)


class TextResident:
    """One call of one scenario. `run` talks and returns what docs/interfaces.md says of `scripts/call`."""

    def __init__(self, scenario: Scenario, dialog: DialogClient, office: Office, today: date) -> None:
        self._scenario = scenario
        self._dialog = dialog
        self._office = office
        self._today = today
        self._answers = Answers(scenario, today)
        self._came = Came(outcome="endless")
        self._house_call_ids: list[str] = []
        self._last_state = ""
        self._transcript: list[dict[str, Any]] = []
        self._turns = 0
        self._faults = 0

    async def run(self) -> dict[str, Any]:
        """The whole call. Raises the errors of core.client when connector or sandbox are away."""
        call_id = uuid.uuid4().hex
        async with self._office.staged(self._scenario, self._house_call_ids) as earlier:
            begun = time.monotonic()
            try:
                await self._talk(call_id)
                lasted = time.monotonic() - begun
                self._came.records = [await self._office.record(one) for one in self._house_call_ids]
                told = await report(self._scenario, self._came, self._office, call_id, earlier, self._today)
            finally:
                await self._dialog.send(call_id, "hangup")
        return told | {
            "turns": self._turns, "seconds": round(lasted, 1), "dialog_faults": self._faults,
            "transcript": self._transcript,
        }  # fmt: skip

    async def _talk(self, call_id: str) -> None:
        answer = await self._dialog.send(call_id, "start", caller=self._scenario.caller_phone, called="122")
        while self._turns < TURNS:
            self._take(answer)
            if answer.end is not None:
                self._came.outcome = answer.end
                return
            if answer.transfer is not None:
                if self._scenario.before.transfer == "answered":
                    self._came.outcome = "emergency" if answer.transfer.to == "emergency" else "transferred"
                    return
                self._note("transfer", "failed")
                self._turns += 1
                answer = await self._dialog.send(call_id, "transfer_failed", failed=answer.transfer)
                continue
            turn = self._turn(answer)
            if turn is None:
                self._note("resident", "(hangs up)")
                if self._house_call_ids:
                    self._came.outcome = "created" if self._last_state == "delivered" else "queued"
                else:
                    self._came.outcome = "abandoned"
                return
            self._turns += 1
            self._note("resident", turn.digits or turn.text or "(silence)")
            answer = await self._dialog.send(call_id, "turn", turn)

    def _take(self, answer: Answer) -> None:
        """Keep what the answer tells."""
        came = self._came
        text = " ".join(say.text for say in answer.say if say.text)
        came.heard.append(text)
        came.questions += answer.expects is not None and answer.slot != "done"
        came.red_flag |= answer.red_flag is not None
        came.recording_refused |= answer.recording_refused
        self._faults += answer.fault
        for filled in answer.filled:
            self._note("understood", str(filled.value), slot=filled.slot, probability=filled.probability)
        self._note("vyzov", text, slot=answer.slot, expects=answer.expects)
        if answer.transfer is not None:
            came.transfer = {"to": answer.transfer.to, "reason": answer.transfer.reason}
            self._note("transfer", answer.transfer.to, reason=answer.transfer.reason)
        if answer.house_call is not None and answer.house_call.house_call_id not in self._house_call_ids:
            self._house_call_ids.append(answer.house_call.house_call_id)
            self._last_state = answer.house_call.state
            self._answers.recorded()

    def _turn(self, answer: Answer) -> Turn | None:
        """What the resident does now; None: hangs up."""
        text = " ".join(say.text for say in answer.say)
        deed = self._answers.deed(answer.slot, text)
        if deed is not None and (turn := self._deed(deed)) is not None:
            return None if deed.hang_up else turn
        said = self._answers.to(answer.slot, answer.expects, text)
        return SILENCE if said is None else Turn(said.text)

    def _deed(self, deed: Deed) -> Turn | None:
        """None: the ordinary answer follows."""
        if deed.type is not None:
            return Turn(digits=deed.type)
        if deed.say is not None:
            return Turn(self._answers.words(deed.say).text)
        return SILENCE if deed.hang_up or (deed.wait or 0) >= NOTICED_SILENCE_SECONDS else None

    def _note(self, who: str, text: str, **more: Any) -> None:
        self._transcript.append({"who": who, "text": text, **{k: v for k, v in more.items() if v is not None}})
