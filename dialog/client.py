"""The dialog's client: one turn in, one answer out, always with something to say.

Used by telephony. Calls are spread over the Rasa processes by call id; their trackers are in Redis, so a turn
that one process cannot answer is tried once more at the next one. Words of an emergency and the wish for an
operator are found here, in the worker's own process, and are answered from here when Rasa is away.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, cast

from core.client import ServiceClient
from core.errors import VyzovError
from core.logs import get_logger
from core.settings import Settings
from core.words import Expects, Outcome, Slot, TransferReason, TransferTo
from dialog.conversation.script import load_script
from dialog.urgent import Urgent, likely_texts

log = get_logger(__name__)

DialogEvent = Literal["start", "turn", "transfer_failed", "hangup"]
_LEAST_SECONDS = 0.5
"""A second try is only worth its while when at least so much of the turn's time is left."""
_URGENT_SECONDS = 3.0
"""Who cries for help does not wait longer for Rasa: then the client answers by itself."""
_AMBULANCE_FAILED_SECONDS = 1.0
"""Who was not put through to 103 waits no longer than that: a turn takes Rasa 0.05 to 0.3 s."""
_HEALTH_SECONDS = 3.0


@dataclass(frozen=True)
class Alternative:
    text: str
    score: float = 0.0


@dataclass(frozen=True)
class Turn:
    """What the caller did: spoke (`text`), typed (`digits`) or was silent."""

    text: str = ""
    alternatives: tuple[Alternative, ...] = ()
    turn_id: str | None = None
    digits: str | None = None
    silence: bool = False


@dataclass(frozen=True)
class Say:
    text: str
    barge_in: bool = True
    slow: bool = False


@dataclass(frozen=True)
class Filled:
    """A field that this turn settled; becomes the event `slot.filled`."""

    slot: Slot
    value: Any
    probability: float


@dataclass(frozen=True)
class HouseCallResult:
    house_call_id: str
    number: str
    state: str


@dataclass(frozen=True)
class Transfer:
    """`area`: the patient's town where it is known; it chooses the number of the ambulance."""

    to: TransferTo
    reason: TransferReason
    area: str | None = None


@dataclass(frozen=True)
class Answer:
    """What to say and what is expected next.

    With `transfer` say `say` (not to be talked over), then transfer; with `end` say `say`, then hang up.
    `red_flag`: the words of danger that this turn brought; `recording_refused`: the caller does not want a record;
    `outcome`: how the call ends if the caller hangs up now.
    `fault` is true when it is the client's own apology, not the dialog's answer.
    """

    say: tuple[Say, ...] = ()
    expects: Expects | None = None
    slot: Slot | None = None
    candidates: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    filled: tuple[Filled, ...] = ()
    house_call: HouseCallResult | None = None
    transfer: Transfer | None = None
    end: Outcome | None = None
    red_flag: str | None = None
    recording_refused: bool = False
    outcome: Outcome | None = None
    fault: bool = field(default=False, compare=False)


class DialogFault(VyzovError):
    """The dialog answered, but with nothing that can be said."""

    code = "dialog_fault"


class _Rasa(ServiceClient):
    service = "dialog"


class DialogClient:
    """One instance a worker; close it with `aclose`. Raises ScriptError when the script is wrong."""

    def __init__(self, settings: Settings) -> None:
        self._processes = [
            _Rasa(settings.url(settings.dialog_port + index), settings, seconds=settings.turn_seconds)
            for index in range(settings.dialog_processes)
        ]
        self._turn_seconds = settings.turn_seconds
        self._script = load_script(region_dir=settings.region_dir, production=settings.production)
        self._phrases = self._script.phrases
        self._sequences: dict[str, int] = {}
        """How many events of each call that is going on were sent."""

    async def aclose(self) -> None:
        await asyncio.gather(*(process.aclose() for process in self._processes))

    async def send(
        self, call_id: str, event: DialogEvent, turn: Turn | None = None, *, caller: str = "", called: str = "",
        failed: Transfer | None = None,
    ) -> Answer:  # fmt: skip
        """The dialog's answer to one event of a call, within `settings.turn_seconds`. Never raises a VyzovError.

        `caller` (E.164 or empty) and `called` matter with `start`, `failed` with `transfer_failed`: what did not come
        about. The answer to `hangup` is always empty, and the last that is sent of a call.
        """
        turn = turn or Turn()
        found = self._script.urgent.find(likely_texts(turn.text, ((a.text, a.score) for a in turn.alternatives)))
        urgent = None if found is None else {"kind": found.kind, "words": found.words}
        body = {
            "call_id": call_id, "sequence": self._next_sequence(call_id, event), "event": event,
            "caller": caller, "called": called, "turn": asdict(turn) | {"urgent": urgent},
            "failed": None if failed is None else asdict(failed),
        }  # fmt: skip
        try:
            seconds = self._turn_seconds if found is None else min(self._turn_seconds, _URGENT_SECONDS)
            if failed is not None and failed.to == "emergency":
                seconds = min(seconds, _AMBULANCE_FAILED_SECONDS)
            return await self._ask(call_id, event, body, seconds)
        except VyzovError as error:
            if event == "hangup":  # nobody waits for it; Rasa forgets the call by itself later
                return Answer(fault=True)
            log.warning("dialog_fault", call_id=call_id, error=error.code)
        if event == "transfer_failed":
            return self._transfer_failed(failed)
        return self._own_answer(found)

    async def ready(self) -> bool:
        """Whether every Rasa process says that it can answer."""
        try:
            for process in self._processes:
                await process.request("GET", "/webhooks/vyzov/health", seconds=_HEALTH_SECONDS)
        except VyzovError:
            return False
        return True

    def fixed_prompts(self) -> list[str]:
        """All texts of the script that are always the same, for synthesis ahead of time."""
        return self._script.fixed_prompts()

    async def _ask(self, call_id: str, event: DialogEvent, body: dict[str, Any], seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        first = zlib.crc32(call_id.encode()) % len(self._processes)
        fault: VyzovError = DialogFault("no answer")
        for attempt in range(2):
            left = deadline - time.monotonic()
            if attempt and (left < _LEAST_SECONDS or event == "hangup"):
                break
            process = self._processes[(first + attempt) % len(self._processes)]
            try:
                response = await process.request("POST", "/webhooks/vyzov/webhook", json=body, seconds=left)
                return _read_answer(response.json(), event)
            except VyzovError as error:
                fault = error
            except ValueError:
                fault = DialogFault("the answer is not JSON")
        raise fault

    def _next_sequence(self, call_id: str, event: DialogEvent) -> int:
        number = self._sequences.pop(call_id, 0) + 1
        if event != "hangup":
            self._sequences[call_id] = number
        return number

    def _own_answer(self, urgent: Urgent | None) -> Answer:
        phrases, kind = self._phrases, urgent.kind if urgent else None
        text, transfer, red_flag = phrases.fault, Transfer("operator", "error"), None
        if urgent and kind == "emergency":
            text, transfer, red_flag = phrases.emergency_transfer, Transfer("emergency", "red_flag"), urgent.words
        elif kind == "operator":
            text, transfer = phrases.operator_transfer, Transfer("operator", "wish")
        return Answer(say=(Say(text, barge_in=False),), transfer=transfer, red_flag=red_flag, fault=True)

    def _transfer_failed(self, failed: Transfer | None) -> Answer:
        emergency = failed is not None and failed.to == "emergency"
        text = self._phrases.transfer_failed_emergency if emergency else self._phrases.transfer_failed
        return Answer(say=(Say(text, barge_in=False),), end="failed", fault=True)


def _read_answer(data: Any, event: DialogEvent) -> Answer:
    """Raises DialogFault when the answer has not its shape or nothing to say."""
    try:
        answer = Answer(
            say=tuple(Say(str(s["text"]), bool(s["barge_in"]), bool(s.get("slow"))) for s in data["say"]),
            expects=data["expects"],
            slot=data["slot"],
            candidates=tuple(data["candidates"]),
            hints=tuple(data["hints"]),
            filled=tuple(Filled(f["slot"], f["value"], float(f["probability"])) for f in data["filled"]),
            house_call=HouseCallResult(**data["house_call"]) if data["house_call"] else None,
            transfer=Transfer(**data["transfer"]) if data["transfer"] else None,
            end=cast(Outcome, data["end"]["outcome"]) if data["end"] else None,
            red_flag=str(data["red_flag"]["words"]) if data.get("red_flag") else None,
            recording_refused=bool(data.get("recording_refused")),
            outcome=cast("Outcome | None", data.get("outcome")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DialogFault("the answer has not the agreed shape") from None
    if event == "hangup":
        return replace(answer, say=(), transfer=None, end=None)
    if not answer.say and answer.transfer is None and answer.end is None:
        raise DialogFault("the answer says nothing")
    return answer
