"""Promise: what a caller says comes back as text on its own line, whatever happens on the other lines."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import httpx
import numpy as np
import pytest
import websockets

import asr
from asr.audio import Pcm
from asr.client import AsrClient, AsrStream, Away, Back, Error, Heard, Resumed, Silence, Speech, Turn
from asr.grammar import Part
from asr.protocol import Open, pack_audio
from core.errors import BadInput, NotFound, ServiceUnavailable
from core.settings import ROOT, Settings
from tests.asr.conftest import Service

M = TypeVar("M")
YES_NO = ["да", "нет", "да верно", "всё верно", "нет неправильно", "не знаю"]


class Ear:
    """A stream and what was heard on it."""

    def __init__(self, settings: Settings) -> None:
        self.messages: list[Heard] = []
        self._news = asyncio.Event()
        self.stream = AsrStream(settings, self._heard)

    def _heard(self, message: Heard) -> None:
        self.messages.append(message)
        self._news.set()

    def of(self, kind: type[M], line: int | None = None) -> list[M]:
        return [m for m in self.messages if isinstance(m, kind) and (line is None or getattr(m, "line", None) == line)]

    async def until(self, done: Callable[[], object], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():
                self._news.clear()
                await self._news.wait()

    async def turns(self, *lines: int) -> list[Turn]:
        """The turn of each line's last candidate, once all are recognised."""

        def last(line: int) -> Turn | None:
            offered = self.of(Silence, line)
            return next((t for t in self.of(Turn, line) if offered and t.turn_id == offered[-1].turn_id), None)

        await self.until(lambda: all(last(line) for line in lines))
        return [turn for line in lines if (turn := last(line))]

    async def say(self, **lines: Pcm) -> None:
        """Speak on lines (`l0=…`) at once, four times faster than life."""
        sound = {int(name[1:]): pcm.tobytes() for name, pcm in lines.items()}
        for start in range(0, max(map(len, sound.values())), 640):
            frames = {line: pcm[start : start + 640] for line, pcm in sound.items()}
            self.stream.send({line: pcm for line, pcm in frames.items() if pcm})
            await asyncio.sleep(0.01)


@pytest.fixture
async def ear(service: Service, settings: Settings) -> AsyncIterator[Ear]:
    ear = Ear(settings)
    assert await ear.stream.start(10)
    yield ear
    await ear.stream.aclose()


def test_the_package_is_ours() -> None:
    assert asr.__file__ == str(ROOT / "asr" / "__init__.py"), "another package of the name `asr` would answer the phone"


async def test_four_lines_at_once(ear: Ear, speech: Callable[[str], Pcm]) -> None:
    for line in range(4):
        ear.stream.open(line, f"call{line}")
    ear.stream.expect(0, "yes_no", "confirm", YES_NO)
    ear.stream.expect(1, "choice", "who", ["себе", "мне", "дочке", "сыну", "маме"])
    ear.stream.expect(2, "date", "birth_date")
    ear.stream.expect(3, "name", "name")
    await ear.say(l0=speech("yes"), l1=speech("who_dochke"), l2=speech("birth_date"), l3=speech("name"))
    yes, who, date, name = await ear.turns(0, 1, 2, 3)
    assert (yes.text, yes.closed) == ("да", True)
    assert (who.text, who.closed) == ("дочке", True)
    assert "20" in date.text
    assert "2012" in date.text
    assert "григорий" in name.text
    assert not name.closed
    for line in range(4):
        assert ear.of(Speech, line)[0].sample < ear.of(Silence, line)[-1].sample


async def test_the_last_sound_is_where_the_recording_ends(ear: Ear, speech: Callable[[str], Pcm]) -> None:
    pcm = speech("yes")
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > np.abs(pcm.astype(int)).max() * 0.05)
    ear.stream.open(0, "call")
    await ear.say(l0=pcm)
    await ear.until(lambda: ear.of(Silence, 0))
    assert abs(ear.of(Silence, 0)[0].sample - int(loud[-1])) <= 50 * 8, "latency is measured from a wrong moment"


async def test_speech_that_goes_on_voids_the_turn(ear: Ear, speech: Callable[[str], Pcm]) -> None:
    no, address = speech("no")[:-2000], speech("address")
    ear.stream.open(5, "call")
    await ear.say(l5=np.concatenate([no, address]))
    (turn,) = await ear.turns(5)
    assert ear.of(Resumed, 5)[0].turn_id == ear.of(Silence, 5)[0].turn_id
    assert "174" in turn.text, "the caller's second half was lost"


async def test_a_taken_turn_is_over(ear: Ear, speech: Callable[[str], Pcm]) -> None:
    ear.stream.open(0, "call")
    ear.stream.expect(0, "yes_no", "confirm", YES_NO)
    await ear.say(l0=speech("yes"))
    await ear.until(lambda: ear.of(Turn, 0))
    ear.stream.take(0, ear.of(Turn, 0)[0].turn_id)
    await ear.say(l0=speech("no"))
    await ear.until(lambda: len(ear.of(Turn, 0)) == 2)
    assert [t.text for t in ear.of(Turn, 0)] == ["да", "нет"]
    assert len(ear.of(Speech, 0)) == 2


async def test_discarded_speech_is_forgotten(ear: Ear, speech: Callable[[str], Pcm]) -> None:
    ear.stream.open(0, "call")
    ear.stream.expect(0, "yes_no", "confirm", YES_NO)
    await ear.say(l0=speech("operator"))
    ear.stream.discard(0)
    await ear.say(l0=speech("no"))
    await ear.until(lambda: any(t.text == "нет" for t in ear.of(Turn, 0)))


async def test_a_turn_is_heard_again(ear: Ear, settings: Settings, speech: Callable[[str], Pcm]) -> None:
    ear.stream.open(0, "call")
    ear.stream.expect(0, "name", "name")
    await ear.say(l0=speech("name"))
    (turn,) = await ear.turns(0)
    client = AsrClient(settings)
    surnames, firsts = Part(("Михайлова", "Михайлов", "Михеев")), Part(("Галина", "Григорий", "Георгий"))
    whole = [surnames, firsts, Part(("Алексеевна", "Алексеевич"))]
    try:
        assert (await client.hear_again(turn.turn_id, [whole]))[0].text == "михайлов григорий алексеевич"
        with pytest.raises(NotFound):
            await client.hear_again("no-such-turn", [whole])
        for too_much in (
            [whole] * 20,
            [[Part(tuple(map(str, range(5000))))]],
            [[Part(("да",), optional=True)]],
            [[]],
            [],
        ):
            with pytest.raises(BadInput):
                await client.hear_again(turn.turn_id, too_much)
    finally:
        await client.aclose()


async def test_bad_input_costs_nobody_else_anything(
    service: Service, settings: Settings, speech: Callable[[str], Pcm]
) -> None:
    url = settings.asr_url.replace("http", "ws") + "/v1/stream"
    headers = {"Authorization": f"Bearer {settings.api_token.get_secret_value()}"}
    async with websockets.connect(url, additional_headers=headers) as socket:
        await socket.send(Open(line=0, call_id="call").model_dump_json())
        pcm = speech("yes").tobytes()
        for bad in (
            "{", "[]", '{"type": "open"}', '{"type": "sing", "line": 0}', '{"type": "expect", "line": 9}', "x" * 70_000,
            '{"type": "take", "line": 0, "turn_id": "no such turn"}',
            b"\1", b"\0\0\2\0abc", bytes(300_000), pack_audio({77: b"\0\0"}),
        ):  # fmt: skip
            await socket.send(bad)
            answer = await asyncio.wait_for(socket.recv(), 5)
            assert '"error"' in str(answer)
        for start in range(0, len(pcm), 640):
            await socket.send(pack_audio({0: pcm[start : start + 640]}))
        heard = ""
        while '"turn"' not in heard:
            heard = str(await asyncio.wait_for(socket.recv(), 20))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic dDp0"}])
async def test_a_wrong_token_hears_nothing(service: Service, settings: Settings, headers: dict[str, str]) -> None:
    with pytest.raises(websockets.exceptions.InvalidStatus):
        async with websockets.connect(
            settings.asr_url.replace("http", "ws") + "/v1/stream", additional_headers=headers
        ):
            pass
    async with httpx.AsyncClient(base_url=settings.asr_url, headers=headers) as client:
        answer = await client.post("/v1/hear_again", json={"turn_id": "x", "sequences": [[{"wordings": ["да"]}]]})
    assert answer.status_code == 401


async def test_a_killed_recogniser_is_replaced(ear: Ear, service: Service, speech: Callable[[str], Pcm]) -> None:
    """Nobody waits for ever: the turn is answered, if empty, and the next one is recognised."""
    for pid in service.recognisers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    ear.stream.open(0, "call")
    ear.stream.expect(0, "yes_no", "confirm", YES_NO)
    for _ in range(5):
        ear.messages.clear()
        await ear.say(l0=speech("yes"))
        await ear.until(lambda: ear.of(Turn, 0))
        ear.stream.take(0, ear.of(Turn, 0)[-1].turn_id)
        if ear.of(Turn, 0)[-1].text == "да":
            break
    assert ear.of(Turn, 0)[-1].text == "да"


async def test_a_client_without_a_service_says_so(settings: Settings) -> None:
    away = settings.model_copy(update={"asr_port": 1})
    stream = AsrStream(away, lambda _: None)
    assert not await stream.start(0.5)
    stream.open(0, "call")
    stream.send({0: bytes(640)})
    await stream.aclose()
    client = AsrClient(away)
    with pytest.raises(ServiceUnavailable):
        await client.hear_again("x", [[Part(("да",))]])
    await client.aclose()


async def test_lines_come_back_after_a_lost_connection(ear: Ear, speech: Callable[[str], Pcm]) -> None:
    ear.stream.open(0, "call")
    ear.stream.expect(0, "yes_no", "confirm", YES_NO)
    await ear.until(lambda: ear.of(Back))
    assert ear.stream.socket is not None
    await ear.stream.socket.close()
    await ear.until(lambda: ear.of(Away) and len(ear.of(Back)) == 2)
    await ear.say(l0=speech("no"))
    await ear.until(lambda: ear.of(Turn, 0))
    assert ear.of(Turn, 0)[-1].text == "нет"


async def test_the_log_tells_nothing_of_what_was_said(ear: Ear, service: Service, speech: Callable[[str], Pcm]) -> None:
    ear.stream.open(0, "call")
    ear.stream.expect(0, "name", "name", hints=["Михайлов"])
    await ear.say(l0=speech("name"))
    await ear.until(lambda: ear.of(Turn, 0))
    log = service.log.read_text()
    assert "ихайлов" not in log
    assert "ригори" not in log
    assert not ear.of(Error)
