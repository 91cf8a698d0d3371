"""Patients for the dialog: many questions to the MIS at once, few enough not to hurt it, in time for a caller."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from typing import Any

from core.logs import get_logger
from mis_connector.drivers.base import MisDriver, Question
from mis_connector.model import Patient, Patients, PatientSearch

log = get_logger(__name__)

Request = Callable[[], Awaitable[Any]]
Known = Callable[[str, dt.date | None], list[Patient]]
"""Patients of earlier house calls from a phone, with a birth date those of that day; blocks."""

SEARCH_SECONDS = 3.5
"""A caller waits no longer; what is known by then is the answer."""
KNOWN_SECONDS = 0.7
"""For the addresses of who is found by phone alone: the dialog asks while its first sentence is played, and gives up
after 1 s (`LOOK_UP_SECONDS`). Patients without addresses are better than none."""
PARALLEL = 6
"""Requests of one process to the MIS at once, of all searches together."""
CACHE_SECONDS = 60.0
"""A call's questions about one patient come within a minute; longer would show an old address."""
CACHE_SIZE = 2000


def spellings(surname: str) -> list[str]:
    """How a surname may stand in the MIS: as heard, without ё, and with each single е made ё (ё bears the stress,
    a word has one). As heard first.

    >>> spellings("Королев")
    ['Королев', 'Королёв']
    """
    if surname.islower() or surname.isupper():
        surname = "-".join(part.capitalize() for part in surname.split("-"))
    plain = surname.replace("ё", "е").replace("Ё", "Е")
    forms = [surname, plain]
    for index, letter in enumerate(plain):
        if letter in "еЕ":
            forms.append(plain[:index] + ("ё" if letter == "е" else "Ё") + plain[index + 1 :])
    return list(dict.fromkeys(forms))


class _Cache:
    """Answers for a short while, in memory only."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, key: Hashable) -> tuple[Any] | None:
        """The answer in a tuple of one; None when there is none."""
        stored = self._answers.get(key)
        return (stored[1],) if stored is not None and stored[0] > time.monotonic() else None

    def put(self, key: Hashable, answer: Any) -> None:
        self._answers[key] = (time.monotonic() + CACHE_SECONDS, answer)
        self._answers.move_to_end(key)
        while len(self._answers) > CACHE_SIZE:
            self._answers.popitem(last=False)


class PatientFinder:
    """Asks the MIS what it can be asked: surname and birth date, policy, SNILS; and `known` for a phone."""

    def __init__(
        self, driver: MisDriver, known: Known, *, seconds: float = SEARCH_SECONDS,
        known_seconds: float = KNOWN_SECONDS, parallel: int = PARALLEL,
    ) -> None:  # fmt: skip
        self._driver = driver
        self._known = known
        self._seconds = seconds
        self._known_seconds = known_seconds
        self._places = asyncio.Semaphore(parallel)
        self._cache = _Cache()

    async def search(self, wanted: PatientSearch) -> Patients:
        """Everybody who is known by the phone, fits a surname and the birth date, or has the policy. `complete` is
        false when a request to the MIS, be it for an address, failed or there was no time for it."""
        started = time.monotonic()
        found: dict[str, Patient] = {}
        if wanted.phone is not None:
            known = await asyncio.to_thread(self._known, wanted.phone, wanted.birth_date)
            found = {patient.mis_id: patient for patient in known}
        questions = list(_questions(wanted))
        seconds = self._seconds if questions else self._known_seconds
        answers = await self._all([(q, partial(self._driver.find_patients, q)) for q in questions], seconds)
        for patient in (patient for answer in answers.values() for patient in answer):
            earlier = found.get(patient.mis_id)
            relation = earlier.relation if earlier is not None else None
            found[patient.mis_id] = patient.model_copy(update={"relation": relation})
        left = seconds - (time.monotonic() - started)
        addresses = await self._all(
            [(mis_id, partial(self._driver.registered_address, mis_id)) for mis_id in found], left
        )
        complete = len(answers) == len(questions) and len(addresses) == len(found)
        log.info(
            "patients_searched", questions=len(questions), found=len(found), complete=complete,
            seconds=round(time.monotonic() - started, 3),
        )  # fmt: skip
        patients = [patient.model_copy(update={"address": addresses.get(key)}) for key, patient in found.items()]
        return Patients(patients=patients, complete=complete)

    async def _all(self, requests: list[tuple[Hashable, Request]], seconds: float) -> dict[Any, Any]:
        """Answers by key, in the order of the requests; those that failed or came too late are left out."""
        tasks = {key: asyncio.create_task(self._ask(key, request)) for key, request in requests}
        if tasks:
            try:
                await asyncio.wait(tasks.values(), timeout=max(0.0, seconds))
            finally:
                for task in tasks.values():
                    task.cancel()
        results = await asyncio.gather(*tasks.values(), return_exceptions=True)
        answers: dict[Any, Any] = {}
        for key, result in zip(tasks, results, strict=True):
            if isinstance(result, tuple):
                answers[key] = result[0]
            elif not isinstance(result, asyncio.CancelledError):
                log.warning("mis_search_failed", error=getattr(result, "code", type(result).__name__))
        return answers

    async def _ask(self, key: Hashable, request: Request) -> tuple[Any]:
        """The answer in a tuple of one, from the cache or from the MIS."""
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        async with self._places:
            answer = await request()
        self._cache.put(key, answer)
        return (answer,)


def _questions(wanted: PatientSearch) -> Iterable[Question]:
    """Likeliest first: as heard for every name, then the other spellings."""
    if wanted.policy is not None:
        is_snils = len(wanted.policy) == 11
        yield Question(snils=wanted.policy) if is_snils else Question(policy=wanted.policy)
    if wanted.birth_date is None:
        return
    forms = [spellings(name.surname) for name in wanted.names]
    ordered = [form[0] for form in forms] + [other for form in forms for other in form[1:]]
    for surname in dict.fromkeys(ordered):
        yield Question(surname=surname, birth_date=wanted.birth_date)
