"""N recogniser processes behind one bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

import orjson

from asr.engines import Recognition, Task
from asr.models import EngineChoice
from asr.recogniser import HEAD, pack
from core.errors import ConfigurationError, NotFound, ServiceUnavailable
from core.events import Alternative
from core.logs import get_logger
from core.metrics import RECOGNITION_SECONDS
from core.settings import ROOT

log = get_logger(__name__)

START_SECONDS = 60.0
"""Limit of loading a model: 0.5 s for Whisper base, up to half a minute for a big Vosk model on a slow disk."""
REQUEST_SECONDS = 20.0
"""A process that takes longer for one turn hangs and is replaced: a minute of speech takes 2 CPU s. Longer than
anybody waits, or an overloaded machine would spend its time on loading models."""
WAIT_SECONDS = 12.0
"""Limit of waiting in the queue and being recognised; then the turn is answered empty."""
_QUEUED = 256
"""Turns that may wait: with more, the machine is too slow by far and the newest is refused."""
_TURNS_REMEMBERED = 4096
_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a recogniser that died is started again; the last goes on for ever."""


@dataclass
class _Job:
    request: dict[str, Any]
    body: bytes
    answer: asyncio.Future[dict[str, Any]]


class Recogniser:
    """One process; it serves one request at a time. Raises ServiceUnavailable when it died or took too long."""

    def __init__(self, choice: EngineChoice) -> None:
        self._choice = choice
        self._process: Process | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process and wait for its model. Raises ConfigurationError with what it says is wrong."""
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "asr.recogniser", self._choice.name, str(self._choice.model),
            stdin=PIPE, stdout=PIPE, cwd=ROOT, env=environment,
        )  # fmt: skip
        try:
            first = await asyncio.wait_for(self._read(), START_SECONDS)
        except (TimeoutError, asyncio.IncompleteReadError):
            await self.stop()
            raise ConfigurationError("a recogniser process ended or hung while loading its model") from None
        except BaseException:
            await self.stop()
            raise
        if "failed" in first:
            await self.stop()
            raise ConfigurationError(str(first["failed"]))

    async def request(self, message: dict[str, Any], body: bytes) -> dict[str, Any]:
        """The answer to one request. After a time-out or a cancelled wait the process is ended: it may hang."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pack(message, body))
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._process.stdin.drain()
                return await self._read()
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            await self.stop()
            raise ServiceUnavailable(f"recogniser: {type(error).__name__}") from None

    async def stop(self) -> None:
        """End the process."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _read(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        text_size, _ = HEAD.unpack(await self._process.stdout.readexactly(HEAD.size))
        message: dict[str, Any] = orjson.loads(await self._process.stdout.readexactly(text_size))
        return message


class Recognisers:
    """The pool. A turn goes to whichever process is free first; it is heard again by the one that holds its sound."""

    def __init__(self, choice: EngineChoice, processes: int) -> None:
        self.engine = choice.name
        self._processes = [Recogniser(choice) for _ in range(processes)]
        self._ready = [False] * processes
        self._turns: deque[_Job] = deque()
        self._again: list[deque[_Job]] = [deque() for _ in range(processes)]
        self._work = asyncio.Condition()
        self._holder: OrderedDict[str, int] = OrderedDict()
        self._runners: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """True while a process can recognise."""
        return any(self._ready)

    async def start(self) -> None:
        """Load all models, one after another. Raises ConfigurationError."""
        try:
            for process in self._processes:
                await process.start()
        except BaseException:
            await self.stop()
            raise
        self._ready = [True] * len(self._processes)
        self._runners = [
            asyncio.create_task(self._run(index), name=f"recogniser-{index}") for index in range(len(self._processes))
        ]

    async def stop(self) -> None:
        """End the processes; whoever still waits gets ServiceUnavailable."""
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)
        for job in [*self._turns, *(job for queue in self._again for job in queue)]:
            _refuse(job, ServiceUnavailable("the recognition service stops"))
        await asyncio.gather(*(process.stop() for process in self._processes))

    async def recognise(self, task: Task) -> Recognition:
        """The words of a turn. Cancelling the wait takes a turn that has not begun out of the queue.

        Raises ServiceUnavailable: the queue is full, the recogniser died or took too long.
        """
        if len(self._turns) >= _QUEUED:
            raise ServiceUnavailable("too many turns wait for recognition", code="busy")
        request = {
            "op": "recognise", "turn_id": task.turn_id, "speech_seconds": task.speech_seconds,
            "expects": task.expects, "slot": task.slot, "candidates": task.candidates, "hints": task.hints,
        }  # fmt: skip
        begun = asyncio.get_running_loop().time()
        answer = await self._do(self._turns, request, task.pcm.tobytes())
        if "error" in answer:
            raise ServiceUnavailable(f"recogniser: {answer['error']}")
        mode = "closed" if answer["closed"] else "free"
        RECOGNITION_SECONDS.labels(self.engine, mode).observe(asyncio.get_running_loop().time() - begun)
        return Recognition(answer["text"], [Alternative(**a) for a in answer["alternatives"]], answer["closed"])

    async def hear_again(self, turn_id: str, sequences: list[list[dict[str, Any]]]) -> list[Alternative]:
        """The likeliest texts of a grammar; see `asr.engines.Engine.hear_again`.

        Raises NotFound when the sound is gone or the engine cannot, ServiceUnavailable as `recognise` does.
        """
        index = self._holder.get(turn_id)
        if index is None:
            raise NotFound("the sound of that turn is gone")
        if len(self._again[index]) >= _QUEUED:
            raise ServiceUnavailable("too many turns wait to be heard again", code="busy")
        request = {"op": "hear_again", "turn_id": turn_id, "sequences": sequences}
        answer = await self._do(self._again[index], request, b"")
        if "error" in answer:
            raise ServiceUnavailable(f"recogniser: {answer['error']}")
        if "heard" not in answer:
            raise NotFound("the sound of that turn is gone, or the engine cannot hear it again")
        return [Alternative(**one) for one in answer["heard"]]

    async def _do(self, queue: deque[_Job], request: dict[str, Any], body: bytes) -> dict[str, Any]:
        job = _Job(request, body, asyncio.get_running_loop().create_future())
        async with self._work:
            queue.append(job)
            self._work.notify_all()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await job.answer
        except TimeoutError:
            raise ServiceUnavailable("recognition took too long", code="busy") from None
        finally:
            job.answer.cancel()
            with contextlib.suppress(ValueError):
                queue.remove(job)

    async def _run(self, index: int) -> None:
        own = self._again[index]
        while True:
            if not self._processes[index].alive:
                await self._replace(index)
            job = await self._next(own)
            if job is None or job.answer.done():
                continue
            try:
                answer = await self._processes[index].request(job.request, job.body)
            except ServiceUnavailable as error:
                _refuse(job, error)
                continue
            if job.request["op"] == "recognise" and "error" not in answer:
                self._remember(job.request["turn_id"], index)
            if not job.answer.done():
                job.answer.set_result(answer)

    async def _next(self, own: deque[_Job]) -> _Job | None:
        """The next job; None after a second without one, to look whether the process still lives."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0), self._work:
                await self._work.wait_for(lambda: own or self._turns)
                return (own or self._turns).popleft()
        return None

    def _remember(self, turn_id: str, index: int) -> None:
        self._holder[turn_id] = index
        while len(self._holder) > _TURNS_REMEMBERED:
            self._holder.popitem(last=False)

    async def _replace(self, index: int) -> None:
        """Start a process that died anew, for as long as it takes."""
        self._ready[index] = False
        for turn_id in [turn_id for turn_id, holder in self._holder.items() if holder == index]:
            del self._holder[turn_id]
        tries = 0
        while True:
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            log.warning("recogniser_replaced", recogniser=index, tries=tries)
            await asyncio.sleep(pause)
            try:
                await self._processes[index].start()
            except (ConfigurationError, OSError) as error:
                log.error("recogniser_start_failed", recogniser=index, error=type(error).__name__)
                tries += 1
                continue
            self._ready[index] = True
            return


def _refuse(job: _Job, error: ServiceUnavailable) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
