"""Rasa's input channel for calls: `POST /webhooks/vyzov/webhook`, as docs/protocols.md has it (Python 3.10).

The turn travels to the actions in the message's metadata; the answer comes back as one custom JSON message. Only
what a caller says goes through Rasa's NLU: a start, a silence and keypad digits arrive as intents of their own.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from redis.asyncio import Redis
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

log = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
"""Bytes; a turn with all its alternatives is under 4 kB."""
TEXT_LIMIT = 2000
ALTERNATIVES_LIMIT = 20
ANNOUNCEMENT_LIMIT = 300
URGENT_KINDS = ("emergency", "doubt", "operator")
_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGITS = re.compile(r"[0-9*#A-D]{1,40}")
_EMPTY_ANSWER: dict[str, Any] = {
    "say": [], "expects": None, "slot": None, "candidates": [], "hints": [], "filled": [], "house_call": None,
    "transfer": None, "end": None, "red_flag": None, "recording_refused": False, "outcome": None,
}  # fmt: skip


class Rejected(Exception):
    """A request that cannot be used; answered with `status` and the rule, never with what was sent."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class VyzovChannel(InputChannel):
    """Needs the token that every request must carry; an empty one closes the door."""

    def __init__(self, token: str) -> None:
        self._token = token

    @classmethod
    def name(cls) -> str:
        return "vyzov"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> VyzovChannel:
        if not credentials or not credentials.get("token"):
            cls.raise_missing_credentials_exception()
        return cls(str(credentials["token"]))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        webhook = Blueprint("vyzov_webhook")

        @webhook.get("/health")
        async def health(request: Request) -> HTTPResponse:
            fault = await _fault(request)
            if fault:
                return _error(503, "not_ready", fault)
            return json_response({"status": "ready"})

        @webhook.post("/webhook", stream=True)
        async def receive(request: Request) -> HTTPResponse:
            try:
                self._authorise(request)
                body = _check(_parse(await _read(request)))
            except Rejected as rejected:
                return _error(rejected.status, rejected.code, str(rejected))
            try:
                return await _answer(body, on_new_message)
            except Exception as error:  # whatever broke in Rasa: the client retries, then apologises
                log.error("turn failed: call %s: %s", body["call_id"], type(error).__name__)
                return _error(503, "unavailable", type(error).__name__)

        return webhook

    def _authorise(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise Rejected(401, "http_error", "wrong or missing token")


async def _answer(body: dict[str, Any], on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> HTTPResponse:
    if body["event"] == "hangup":
        await _forget(body["call_id"])
        return json_response(_EMPTY_ANSWER)
    if body["event"] == "start":
        body["announcement"] = await _announcement()
    collected = CollectingOutputChannel()
    await on_new_message(_message(body, collected))
    answers = [message["custom"] for message in collected.messages if "custom" in message]
    if not answers:
        # Rasa swallows what goes wrong in an action and answers with nothing
        return _error(503, "no_answer", "the actions did not answer")
    return json_response(answers[-1])


def _message(body: dict[str, Any], collected: CollectingOutputChannel) -> UserMessage:
    turn = body["turn"]
    # a text that begins with a slash would be taken for one of Rasa's own commands
    text = turn["text"].lstrip("/ ")
    intent = None
    if body["event"] in ("start", "transfer_failed"):
        intent = body["event"]
    elif turn["silence"] or not (text or turn["digits"]):
        intent = "silence"
    elif not text:
        intent = "digits"
    parsed = None
    if intent is not None:
        parsed = {"text": text, "intent": {"name": intent, "confidence": 1.0}, "entities": []}
    return UserMessage(
        text or f"/{intent}",
        collected,
        sender_id=body["call_id"],
        parse_data=parsed,
        input_channel=VyzovChannel.name(),
        metadata=body | {"turn": turn | {"text": text, "silence": intent == "silence"}},
    )


async def _read(request: Request) -> bytes:
    """The body, at most `BODY_LIMIT` bytes: the rest is not even read."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > BODY_LIMIT:
        raise Rejected(413, "too_large", f"at most {BODY_LIMIT} bytes")
    body = b""
    async for chunk in request.stream:
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Rejected(413, "too_large", f"at most {BODY_LIMIT} bytes")
    return body


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise Rejected(400, "bad_input", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Rejected(422, "bad_input", "the body must be an object")
    return body


def _check(body: dict[str, Any]) -> dict[str, Any]:
    """The request with its defaults filled in. Raises Rejected that names the field and the rule."""
    call_id, event = body.get("call_id"), body.get("event")
    if not isinstance(call_id, str) or not _CALL_ID.fullmatch(call_id):
        raise Rejected(422, "bad_input", "call_id: 1 to 64 letters, digits, - or _")
    if event not in ("start", "turn", "transfer_failed", "hangup"):
        raise Rejected(422, "bad_input", "event: start, turn, transfer_failed or hangup")
    turn = {} if body.get("turn") is None else body["turn"]
    if not isinstance(turn, dict):
        raise Rejected(422, "bad_input", "turn: an object")
    text, digits = turn.get("text") or "", turn.get("digits") or None
    if not isinstance(text, str) or len(text) > TEXT_LIMIT:
        raise Rejected(422, "bad_input", f"turn.text: text, at most {TEXT_LIMIT} characters")
    if digits is not None and not (isinstance(digits, str) and _DIGITS.fullmatch(digits)):
        raise Rejected(422, "bad_input", "turn.digits: keypad digits, at most 40")
    alternatives = turn.get("alternatives") or []
    if not isinstance(alternatives, list) or not all(_is_alternative(a) for a in alternatives):
        raise Rejected(422, "bad_input", "turn.alternatives: a list of text and score")
    urgent = turn.get("urgent")
    if urgent is not None and not (isinstance(urgent, dict) and urgent.get("kind") in URGENT_KINDS):
        raise Rejected(422, "bad_input", "turn.urgent: kind and words")
    turn_id = turn.get("turn_id")
    if turn_id is not None and not (isinstance(turn_id, str) and len(turn_id) <= 100):
        raise Rejected(422, "bad_input", "turn.turn_id: text, at most 100 characters")
    sequence, failed = body.get("sequence"), body.get("failed")
    if sequence is not None and not (isinstance(sequence, int) and 0 <= sequence < 10_000):
        raise Rejected(422, "bad_input", "sequence: a whole number under 10000")
    if failed is not None and not (isinstance(failed, dict) and failed.get("to") in ("operator", "emergency")):
        raise Rejected(422, "bad_input", "failed: to, reason and area of the transfer")
    return {
        "sequence": sequence,
        "failed": failed,
        "call_id": call_id,
        "event": event,
        "caller": _short(body, "caller"),
        "called": _short(body, "called"),
        "turn": {
            "text": text,
            "alternatives": alternatives[:ALTERNATIVES_LIMIT],
            "turn_id": turn_id,
            "digits": digits,
            "silence": bool(turn.get("silence")),
            "urgent": urgent,
        },
    }


def _is_alternative(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("text"), str)
        and len(value["text"]) <= TEXT_LIMIT
        and isinstance(value.get("score", 0.0), (int, float))
    )


def _short(body: dict[str, Any], key: str) -> str:
    value = body.get(key) or ""
    if not isinstance(value, str) or len(value) > 64:
        raise Rejected(422, "bad_input", f"{key}: text, at most 64 characters")
    return value


def _error(status: int, code: str, message: str) -> HTTPResponse:
    return json_response({"error": {"code": code, "message": message}}, status=status)


def _redis() -> Redis:
    return Redis(
        host=os.environ["VYZOV_REDIS_HOST"],
        port=int(os.environ["VYZOV_REDIS_PORT"]),
        password=os.environ.get("VYZOV_REDIS_PASSWORD") or None,
        socket_timeout=1,
        socket_connect_timeout=1,
    )


async def _announcement() -> str:
    """What a supervisor wants every caller to hear today (docs/protocols.md); without it calls go on as ever."""
    redis = _redis()
    try:
        text = await redis.get("vyzov:announcement")
        return text.decode(errors="ignore")[:ANNOUNCEMENT_LIMIT] if text else ""
    except Exception as error:  # Rasa will notice by itself when Redis is away
        log.warning("no announcement: %s", type(error).__name__)
        return ""
    finally:
        await redis.close()


async def _forget(call_id: str) -> None:
    """The call is over: what was said in it goes at once, not only by its time to live."""
    redis = _redis()
    try:
        await redis.delete(f"vyzov:tracker:{call_id}", f"vyzov:lock:{call_id}")
    finally:
        await redis.close()


async def _fault(request: Request) -> str | None:
    """Why the dialog cannot work now, or None: the model, the action server, Redis."""
    agent = getattr(request.app.ctx, "agent", None)
    if agent is None or not agent.is_ready():
        return "the model is not loaded"
    redis = _redis()
    try:
        await redis.ping()
    except Exception as error:  # any fault of Redis is the same to the one who asks
        return f"redis: {type(error).__name__}"
    finally:
        await redis.close()
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
            session.get(f"{os.environ['VYZOV_ACTIONS_URL']}/health") as response,
        ):
            if response.status != 200:
                return f"actions: HTTP {response.status}"
    except Exception as error:
        return f"actions: {type(error).__name__}"
    return None
