"""The understanding service: one turn in, what was meant out; docs/protocols.md has the contract.

Run as `python -m understanding.service`.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import Depends, FastAPI

from asr.client import AsrClient
from core.errors import VyzovError
from core.logs import get_logger
from core.metrics import UNDERSTANDING_SECONDS, UNDERSTOOD
from core.service import create_app, require_token, serve
from core.settings import Settings, get_settings
from understanding import dictionaries
from understanding.addresses import Addresses
from understanding.ages import understand_age
from understanding.answers import understand_yes_no
from understanding.choices import understand_choice
from understanding.dates import understand_birth_date
from understanding.model import Heard, Understood
from understanding.names import Names
from understanding.phones import understand_phone, understand_this_phone
from understanding.policies import understand_policy
from understanding.register_reload import RegisterKeeper, Reloaded
from understanding.relations import understand_caller, understand_who
from understanding.said import said_date
from understanding.second_hearing import Ear
from understanding.small_numbers import understand_small_number
from understanding.sound_checked import SoundChecked
from understanding.symptoms import understand_free, understand_since, understand_symptoms
from understanding.temperatures import understand_temperature

log = get_logger(__name__)

Understand = Callable[[Heard], Understood]

SLOTS: dict[str, Understand] = {
    "who": understand_who,
    "symptoms": understand_symptoms,
    "since": understand_since,
    "policy": understand_policy,
    "phone": understand_phone,
    "this_phone": understand_this_phone,
    "caller": understand_caller,
    "age": understand_age,
    "temperature": understand_temperature,
    "entrance": understand_small_number,
    "floor": understand_small_number,
    "intercom": understand_small_number,
    "red_flags": understand_yes_no,
    "can_walk": understand_yes_no,
    "contact": understand_yes_no,
    "confirm": understand_yes_no,
}
"""By slot first: it says more than the kind of answer."""

EXPECTS: dict[str, Understand] = {
    "yes_no": understand_yes_no,
    "number": understand_small_number,
    "phone": understand_phone,
    "policy": understand_policy,
    "symptoms": understand_symptoms,
    "choice": understand_choice,
    "free": understand_free,
}

HEAR_AGAIN_SECONDS = 2.5
"""Longest wait for the sound's opinion: an address takes 1 CPU s; without it the spelling decides."""

NAME_SLOTS = frozenset({"name", "surname", "first_name", "patronymic"})
ADDRESS_SLOTS = frozenset({"address", "town", "street", "house", "flat"})


class Understanding:
    """Finds for each turn the one who understands it."""

    def __init__(self, names: Names, addresses: Addresses, ear: Ear | None = None) -> None:
        self._names = names
        self._addresses = addresses
        self._checked = {"birth_date": SoundChecked(understand_birth_date, said_date, ear)}

    def use(self, addresses: Addresses) -> None:
        """Take other addresses from the next request on; requests under way keep theirs."""
        self._addresses = addresses

    async def understand(self, heard: Heard) -> Understood:
        """What was meant. A choice among `context.choices` is a choice whatever the slot."""
        if heard.expects == "choice" and heard.context.choices:
            return understand_choice(heard)
        slow = self._slow(heard)
        if slow is not None:
            return await slow(heard)
        if heard.expects == "yes_no" and heard.slot not in SLOTS:
            return understand_yes_no(heard)
        return SLOTS.get(heard.slot or "", EXPECTS.get(heard.expects, understand_free))(heard)

    def _slow(self, heard: Heard) -> Callable[[Heard], Awaitable[Understood]] | None:
        """Names, addresses and dates of birth: they search the register or may ask the sound."""
        if heard.expects == "yes_no":
            return None
        if checked := self._checked.get(heard.slot or ("birth_date" if heard.expects == "date" else "")):
            return checked.understand
        if heard.slot in NAME_SLOTS or (heard.slot is None and heard.expects == "name"):
            return self._names.understand
        if heard.slot in ADDRESS_SLOTS or (heard.slot is None and heard.expects == "address"):
            return self._addresses.understand
        return None


def create(settings: Settings) -> FastAPI:
    """The app; its start loads dictionaries and register, so /health answers only when everything is there."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        asr = AsrClient(settings, seconds=HEAR_AGAIN_SECONDS)
        names = Names(dictionaries.load(settings.var_dir / "dictionaries"), asr)
        keeper = RegisterKeeper(settings.region_dir, asr)
        understanding = Understanding(names, keeper.addresses, asr)
        await warm_up(understanding)
        app.state.understanding, app.state.keeper = understanding, keeper
        reload_on_hangup(keeper, understanding.use)
        log.info("understanding_ready")
        yield
        await asr.aclose()

    app = create_app("Vyzov: understanding", lifespan=lifespan, body_limit=64 * 1024)

    @app.post("/v1/understand", dependencies=[Depends(require_token)])
    async def understand(heard: Heard) -> Understood:
        started = time.perf_counter()
        understood: Understood = await app.state.understanding.understand(heard)
        kind = heard.slot or heard.expects
        UNDERSTANDING_SECONDS.labels(kind).observe(time.perf_counter() - started)
        UNDERSTOOD.labels(kind, understood.meaning).inc()
        return understood

    @app.post("/v1/register/reload", dependencies=[Depends(require_token)])
    async def reload() -> Reloaded:
        reloaded: Reloaded = await app.state.keeper.reload(app.state.understanding.use)
        return reloaded

    return app


def reload_on_hangup(keeper: RegisterKeeper, use: Callable[[Addresses], None]) -> None:
    """SIGHUP reloads the register too; how it went is in the log. Only a process's main thread can be told so."""
    tasks: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        with suppress(VyzovError):  # is logged where it arises
            await keeper.reload(use)

    def start() -> None:
        task = asyncio.create_task(reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, start)


async def warm_up(understanding: Understanding) -> None:
    """Load every list now, so that no caller waits for it and a broken one stops the start."""
    for slot in (*SLOTS, "birth_date", "age", "temperature"):
        await understanding.understand(Heard.model_validate({"expects": "free", "slot": slot, "text": "сорог"}))
    await understanding.understand(Heard(expects="free", text="да"))


if __name__ == "__main__":
    _settings = get_settings()
    serve(create(_settings), "understanding", _settings.understanding_port)
