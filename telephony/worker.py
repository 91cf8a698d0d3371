"""One telephony worker: a process with as many lines as its SIP library allows, and a conversation on each.

`python -m telephony.worker --index I --sip-port P --lines N`. It listens for calls once recognition, synthesis and the
dialog have answered once; when they go away later, calls are still answered, with an apology. SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections import deque

import pjsua2 as pj

from core import bus, logs
from core.errors import BadInput, ConfigurationError, ServiceUnavailable
from core.ids import new_call_id
from core.logs import get_logger
from core.metrics import LINES, LINES_BUSY
from core.settings import Settings, get_settings
from dialog.client import DialogClient
from telephony.conversation import Conversation
from telephony.destinations import Destinations
from telephony.endpoint import EndpointConfig, SipAccount, SipEndpoint
from telephony.fax import FaxTones
from telephony.hearing import Hearing
from telephony.line import Line
from telephony.prompts import OwnPrompts
from telephony.sip_call import Refusal
from telephony.status import StatusPage
from telephony.surroundings import Surroundings
from tts.client import TtsClient

log = get_logger(__name__)

STEP_SECONDS = 0.02
"""One audio frame: how often what was heard is collected."""
STEPS_A_FLUSH = 2
"""Sound leaves for the recogniser every 40 ms."""
STEPS_A_WATCH = 50
RETRY_SECONDS = 0.5
"""Pause between tries while the services behind us start."""
FAREWELL_SECONDS = 6.0
"""Longest time that running calls get after SIGTERM: the sentence takes 3 to 4 s, then BYE."""


class Worker:
    """Puts the parts together; `run` lives until `stop`."""

    def __init__(self, settings: Settings, index: int, sip_port: int, lines: int) -> None:
        self._settings = settings
        self._index = index
        self._sip_port = sip_port
        self._lines_wanted = lines
        self._stopping = asyncio.Event()
        self._hearing = Hearing(settings)
        self._tts = TtsClient(settings)
        self._dialog = DialogClient(settings)
        self._redis = bus.connect(settings)
        self._events = bus.EventPublisher(self._redis, settings.events_kept)
        self._status = StatusPage(settings.host, settings.worker_metrics_port + index)

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Raises ConfigurationError when a port is taken."""
        await self._status.start()
        self._events.start()
        try:
            starting = asyncio.create_task(self._wait_for_services())
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await self._serve(starting.result())
            starting.cancel()
            stopping.cancel()
        finally:
            await self._events.stop()
            await self._hearing.aclose()
            await self._tts.aclose()
            await self._dialog.aclose()
            await self._redis.aclose()
            await self._status.stop()

    async def _wait_for_services(self) -> OwnPrompts:
        """Until recognition, synthesis and the dialog have answered once."""
        await self._hearing.start()
        while not await self._hearing.wait(RETRY_SECONDS):
            log.info("waiting", service="asr")
        while not await self._dialog.ready():  # noqa: ASYNC110 (it is asked, not told)
            await asyncio.sleep(RETRY_SECONDS)
        while True:
            try:
                return await OwnPrompts.render(self._tts)
            except (ServiceUnavailable, BadInput):
                await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self, prompts: OwnPrompts) -> None:
        settings = self._settings
        surroundings = Surroundings(
            ear=self._hearing,
            voice=self._tts,
            dialog=self._dialog,
            events=self._events,
            prompts=prompts,
            destinations=Destinations(settings),
            transfer_way=settings.transfer,
            transfer_seconds=settings.transfer_seconds,
            turn_seconds=settings.turn_seconds,
        )
        config = EndpointConfig(settings.sip_host, self._sip_port, settings.rtp_port, self._index)
        endpoint = SipEndpoint(config, lines=self._lines_wanted, kept=settings.transfer_legs)
        exchange = Exchange(endpoint, self._index, self._hearing, surroundings)
        log.info("listening", index=self._index, sip_port=self._sip_port, lines=len(exchange.lines))
        self._status.ready = True
        stepping = asyncio.create_task(exchange.step_for_ever(), name="steps")
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([stepping, stopped], return_when=asyncio.FIRST_COMPLETED)
        self._status.ready = False
        if stepping.done():
            log.error("steps_failed", exc_info=stepping.exception())
        await exchange.close(FAREWELL_SECONDS)
        stepping.cancel()
        stopped.cancel()
        gc.collect()
        endpoint.close()


class Exchange:
    """The lines of a worker and the conversations on them."""

    def __init__(self, endpoint: SipEndpoint, index: int, hearing: Hearing, surroundings: Surroundings) -> None:
        self._loop = asyncio.get_running_loop()
        self._endpoint = endpoint
        self._hearing = hearing
        self._surroundings = surroundings
        first = index * endpoint.call_limit
        self.lines = [Line(first + n, port, self._loop) for n, port in enumerate(endpoint.ports)]
        self._free = deque(self.lines)
        """Shared with the library's thread: `popleft` and `append` are atomic."""
        self._conversations: dict[Line, tuple[Conversation, asyncio.Task[None], FaxTones]] = {}
        self._busy = asyncio.Event()
        self._closing = False
        self._account = endpoint.account("vyzov", self._incoming)
        LINES.set(len(self.lines))

    async def step_for_ever(self) -> None:
        """Every 20 ms: carry what was heard to the recogniser, and wake the conversations."""
        step = 0
        while True:
            await self._busy.wait()
            for line, (conversation, _, fax) in list(self._conversations.items()):
                heard = line.take()
                self._hearing.collect(line.number, heard)
                if fax.feed(heard):
                    conversation.dismiss()
                line.pulse()
                if step % STEPS_A_WATCH == 0:
                    line.watch()
            if step % STEPS_A_FLUSH == 0:
                self._hearing.flush()
            step += 1
            await asyncio.sleep(STEP_SECONDS)

    async def close(self, seconds: float) -> None:
        """Take no new calls, and let the running ones say goodbye, for at most `seconds`."""
        self._closing = True
        tasks = []
        for conversation, task, _ in self._conversations.values():
            conversation.cut_short()
            tasks.append(task)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _incoming(self, account: SipAccount, sip_call_id: int, invite: str) -> None:
        """A call comes in; in the library's thread."""
        if self._closing:
            Refusal(account, sip_call_id, 503, self._loop)
            return
        try:
            line = self._free.popleft()
        except IndexError:
            Refusal(account, sip_call_id, 486, self._loop)
            return
        try:
            line.begin(account, sip_call_id)
        except (pj.Error, RuntimeError):
            line.release()
            self._free.append(line)
            raise
        self._loop.call_soon_threadsafe(self._converse, line)

    def _converse(self, line: Line) -> None:
        conversation = Conversation(line, new_call_id(), self._surroundings)
        task = asyncio.create_task(conversation.run(), name="conversation")
        self._conversations[line] = (conversation, task, FaxTones())
        self._busy.set()
        LINES_BUSY.set(len(self._conversations))
        task.add_done_callback(lambda _: self._over(line))
        if self._closing:
            conversation.cut_short()

    def _over(self, line: Line) -> None:
        del self._conversations[line]
        if not self._conversations:
            self._busy.clear()
        LINES_BUSY.set(len(self._conversations))
        line.release()
        self._free.append(line)


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    worker = Worker(settings, arguments.index, arguments.sip_port or settings.sip_port, arguments.lines)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()


def main() -> None:
    parser = argparse.ArgumentParser(prog="telephony.worker", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=int, default=0, help="which worker this is, from 0")
    parser.add_argument("--sip-port", type=int, help="UDP and TCP; default VYZOV_SIP_PORT")
    parser.add_argument("--lines", type=int, default=4, help="lines wanted; never more than the library can hold")
    arguments = parser.parse_args()
    settings = get_settings()
    logs.configure(f"telephony-{arguments.index}", settings.log_level)
    try:
        asyncio.run(_run(settings, arguments))
    except ConfigurationError as error:
        log.error("cannot_start", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
