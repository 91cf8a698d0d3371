"""A new address register without a stop: loaded beside the old one, checked, changed between requests."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from core.errors import ConfigurationError, VyzovError
from core.logs import get_logger
from core.metrics import REGISTER_RELOADS, REGISTER_SIZE
from understanding.addresses import Addresses
from understanding.register import Register
from understanding.second_hearing import Ear

log = get_logger(__name__)

_LEAST = 0.5
"""Share of the streets and houses in use that a new register has at least: less is a district's, or a cut one."""
_SWITCH = 0.0005
"""Seconds after which the loading thread lets a waiting request run. A search gives the interpreter away at every
operation of numpy, and with the usual 5 ms it would wait half a second in all (measured: 570 ms at worst)."""


class Reloaded(BaseModel):
    """What is in use now. `notes` counts what the source had that was passed over or is of an unknown kind."""

    towns: int
    streets: int
    houses: int
    seconds: float
    notes: dict[str, int]


class ReloadRunning(VyzovError):
    """One reload at a time: two would need three registers' memory."""

    code = "busy"
    http_status = 409


class RegisterKeeper:
    """Loads the region's register at the start (raises ConfigurationError) and again whenever it is told to."""

    def __init__(self, region_dir: Path, ear: Ear | None = None) -> None:
        self._region_dir = region_dir
        self._ear = ear
        self._running = False
        self._register = Register.load(region_dir)
        self.addresses = Addresses(self._register, ear)
        self._tell()

    async def reload(self, use: Callable[[Addresses], None]) -> Reloaded:
        """Load the register again and hand it to `use`. Other requests are answered meanwhile, from the old one.

        Raises ReloadRunning, and ConfigurationError when the new one is broken: then the old one stays in use.
        """
        if self._running:
            raise ReloadRunning("the register is being loaded already: wait for it")
        self._running = True
        started, usual = time.monotonic(), sys.getswitchinterval()
        try:
            sys.setswitchinterval(_SWITCH)
            register, addresses = await asyncio.to_thread(self._load)
        except Exception as error:
            REGISTER_RELOADS.labels("refused").inc()
            fault = str(error) if isinstance(error, VyzovError) else f"{type(error).__name__}, see the log"
            log.error("register_refused", fault=fault, exc_info=not isinstance(error, VyzovError))
            raise ConfigurationError(f"{fault}; the old register stays in use", http_status=422) from None
        finally:
            sys.setswitchinterval(usual)
            self._running = False
        self._register, self.addresses = register, addresses
        use(addresses)
        REGISTER_RELOADS.labels("loaded").inc()
        self._tell()
        seconds = round(time.monotonic() - started, 1)
        return Reloaded(**register.counts, seconds=seconds, notes=register.notes)

    def _load(self) -> tuple[Register, Addresses]:
        register = Register.load(self._region_dir)
        old, new = self._register.counts, register.counts
        for of in ("streets", "houses"):
            if new[of] < _LEAST * old[of]:
                raise ConfigurationError(
                    f"the new register has {new[of]} {of}, the one in use {old[of]}: is it of the whole region?"
                    " If it is meant, restart the service"
                )
        return register, Addresses(register, self._ear)

    def _tell(self) -> None:
        counts = self._register.counts
        for of, number in counts.items():
            REGISTER_SIZE.labels(of).set(number)
        log.info("register_loaded", **counts, notes=self._register.notes)
