"""The form `house_call`: Rasa holds the loop and the slots, `dialog.conversation` decides and speaks.

Rasa calls `validate_house_call` once when the form begins and once a turn. The conversation's state travels in the
slot `state`; every settled field is set as Rasa's slot of its name as well. The question is spoken here, so that a
turn costs one call of the action server.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from dialog.actions.services import HttpServices
from dialog.conversation.conversation import Conversation
from dialog.conversation.script import Script, load_script
from dialog.conversation.state import State
from dialog.conversation.turn import Heard, Intent, Reply, Services
from dialog.phrases import Phrases
from dialog.signing import is_production

log = logging.getLogger(__name__)

TURN_SECONDS = float(os.environ.get("VYZOV_TURN_SECONDS", "8")) - 1.0
"""All that a turn may take here; the rest is for Rasa and the way."""


class ValidateHouseCall(Action):
    """Runs one turn of the conversation."""

    def __init__(self) -> None:
        region = os.environ.get("VYZOV_REGION_DIR")
        self._script: Script = load_script(region_dir=Path(region) if region else None, production=is_production())
        self._services: Services = HttpServices(
            os.environ.get("VYZOV_UNDERSTANDING_URL", "http://127.0.0.1:8092"),
            os.environ.get("VYZOV_CONNECTOR_URL", "http://127.0.0.1:8081"),
            os.environ.get("VYZOV_API_TOKEN", ""),
        )
        self._zone = ZoneInfo(os.environ.get("VYZOV_TIME_ZONE", "Europe/Moscow"))

    def name(self) -> str:
        return "validate_house_call"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        metadata = tracker.latest_message.get("metadata") or {}
        stored = tracker.get_slot("state")
        conversation = Conversation(self._script, self._services, datetime.now(self._zone).replace(tzinfo=None))
        if stored is None or metadata.get("event") == "start":
            state, reply = conversation.start(
                tracker.sender_id,
                str(metadata.get("caller") or ""),
                str(metadata.get("called") or ""),
                str(metadata.get("announcement") or ""),
            )
        else:
            state = State.from_json(stored)
            reply = await self._turn(conversation, state, tracker, metadata)
        dispatcher.utter_message(json_message=reply.to_json())
        events = [SlotSet(entry["slot"], entry["value"]) for entry in reply.filled]
        events.append(SlotSet("state", state.to_json()))
        # a call that is handed over comes back when nobody takes it
        events.append(SlotSet("requested_slot", None if reply.end is not None else state.asked.slot))
        return events

    async def _turn(
        self, conversation: Conversation, state: State, tracker: Tracker, metadata: dict[str, Any]
    ) -> Reply:
        if metadata.get("event") == "transfer_failed":
            failed = metadata.get("failed") or {}
            return await self._limited(
                conversation.transfer_failed(state, failed.get("to"), metadata.get("sequence")), tracker
            )
        turn = metadata.get("turn") or {}
        urgent = turn.get("urgent") or {}
        heard = Heard(
            text=turn.get("text") or "",
            alternatives=tuple(turn.get("alternatives") or ()),
            turn_id=turn.get("turn_id"),
            digits=turn.get("digits"),
            silence=bool(turn.get("silence")),
            urgent=urgent.get("kind"),
            urgent_words=urgent.get("words") or "",
            sequence=metadata.get("sequence"),
        )
        parsed = tracker.latest_message.get("intent") or {}
        ranked = tracker.latest_message.get("intent_ranking") or []
        ranking = {str(entry["name"]): float(entry["confidence"]) for entry in ranked}
        intent = Intent(str(parsed.get("name") or ""), float(parsed.get("confidence") or 0.0), ranking)
        return await self._limited(conversation.turn(state, heard, intent), tracker)

    async def _limited(self, turn: Awaitable[Reply], tracker: Tracker) -> Reply:
        """The turn within its time; whatever breaks, the caller hears an apology and gets a person."""
        try:
            return await asyncio.wait_for(turn, TURN_SECONDS)
        except asyncio.TimeoutError:
            log.warning("turn took too long: call %s", tracker.sender_id)
        except Exception as error:
            # the error's text may carry personal data
            log.error("turn failed: call %s: %s", tracker.sender_id, _where(error))
        phrases: Phrases = self._script.phrases
        return Reply(say=[(phrases.fault, False)], transfer={"to": "operator", "reason": "error", "area": None})


def _where(error: Exception) -> str:
    """Kind and place of an error, without its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
