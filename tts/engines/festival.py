"""Festival with the voice of festvox-ru: a pool of warm processes, fed through their standard input.

Festival's input is Lisp, so what a caller said must never become more than the inside of a string: `speakable` lets
through Cyrillic letters, the space and `, . ? ! - +` alone; quotes, backslashes and parentheses cannot pass.
There is no server socket (Festival's listens on every address and runs what it is sent), the functions that reach
outside are taken away once the voice is loaded, and no user's ~/.festivalrc is read.

Measured on 2 cores: 1.5-2.2 s to load, 500 MB each and no growth over 400 texts (620 MB after one of 325 s of speech),
10-210 ms for 0.7-6 s of speech.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from core.errors import ConfigurationError
from core.logs import get_logger
from tts import audio
from tts.engines import EngineFailed, TextRefused

log = get_logger(__name__)

VOICE = "msu_ru_nsh_clunits"
START_SECONDS = 30.0
"""Time limit for a process to load its voice; 2.2 s were measured on an idle machine."""
TEXT_SECONDS = 6.0
"""Time limit of a text: over ten times what the longest allowed one was measured to take."""
WAIT_SECONDS = 6.0
"""Longest wait for a free process; then another engine speaks. The worst text of 1,000 characters, all digits, is 120 s
of speech and takes two processes 3 s."""
RESTART_SECONDS = (0.0, 1.0, 5.0, 30.0)
"""Pauses before a dead process is started again; the last one repeats."""

_FORBIDDEN = re.compile(r"[^а-яёА-ЯЁ ,.?!+-]+")
_LONE_MARKS = re.compile(r"(?<![а-яё])[,.?!+-]+(?![а-яё])", re.IGNORECASE)
_OUTSIDE = ("system", "load", "fopen", "delete-file", "cd", "getenv", "setenv", "save_utt", "audio_mode")


def speakable(text: str) -> str:
    """What of the text may stand inside Festival's string: letters, spaces, marks that follow a letter.

    A mark that stands alone makes Festival refuse the text (a pause is a mark at the end of a word).
    Raises TextRefused when no vowel or consonant is left.
    """
    kept = _LONE_MARKS.sub(" ", _FORBIDDEN.sub(" ", text))
    kept = re.sub(r"([,.?!])[,.?!+-]+", r"\1", " ".join(kept.split()))
    if not re.search(r"[а-яё]", kept, re.IGNORECASE):
        raise TextRefused("nothing speakable is left of the text")
    return kept


class Festival:
    """The pool. A process that hangs or dies is ended and replaced while the others work on."""

    name = "festival"
    version = f"festival-{VOICE}-1"

    def __init__(self, processes: int) -> None:
        self._size = processes
        self._idle: asyncio.Queue[_Process] = asyncio.Queue()
        self._alive: set[_Process] = set()
        self._repairs: set[asyncio.Task[None]] = set()
        self._folder: Path | None = None

    @property
    def ready(self) -> bool:
        return bool(self._alive)

    async def start(self) -> None:
        if shutil.which("festival") is None:
            raise ConfigurationError("festival is not installed: apt-get install festival festvox-ru")
        self._folder = _own_folder()
        try:
            for process in await asyncio.gather(*(_Process.start(self._folder) for _ in range(self._size))):
                self._add(process)
        except (EngineFailed, OSError) as error:
            await self.stop()
            raise ConfigurationError(
                "festival does not start with its Russian voice: apt-get install festival festvox-ru"
            ) from error

    async def stop(self) -> None:
        for task in self._repairs:
            task.cancel()
        await asyncio.gather(*self._repairs, return_exceptions=True)
        for process in list(self._alive):
            await process.stop()
        self._alive.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def speak(self, text: str) -> bytes:
        inside = speakable(text)
        try:
            return await self._speak_once(inside)
        except EngineFailed:
            return await self._speak_once(inside)  # the process died of something else: one more try on another

    async def _speak_once(self, inside: str) -> bytes:
        try:
            process = await asyncio.wait_for(self._idle.get(), WAIT_SECONDS)
        except TimeoutError:
            raise EngineFailed("no festival process became free in time") from None
        whole = False
        try:
            wave = await process.render(inside, TEXT_SECONDS)
            whole = True
        except TextRefused:
            whole = True
            raise
        finally:
            if whole:
                self._idle.put_nowait(process)
            else:
                self._replace(process)
        samples, rate = audio.read_wave(wave)
        return await asyncio.to_thread(audio.to_telephone, samples, rate)

    def _add(self, process: _Process) -> None:
        self._alive.add(process)
        self._idle.put_nowait(process)

    def _replace(self, process: _Process) -> None:
        self._alive.discard(process)
        log.warning("festival_process_replaced", texts=process.texts)
        task = asyncio.create_task(self._repair(process), name="festival-repair")
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    async def _repair(self, old: _Process) -> None:
        await old.stop()
        assert self._folder is not None
        attempt = 0
        while True:
            await asyncio.sleep(RESTART_SECONDS[min(attempt, len(RESTART_SECONDS) - 1)])
            try:
                self._add(await _Process.start(self._folder))
                return
            except (EngineFailed, OSError) as error:
                attempt += 1
                log.error("festival_start_failed", error=type(error).__name__, attempt=attempt)


def _own_folder() -> Path:
    """A folder for our eyes only, in memory where there is such a place; those of dead services are removed."""
    memory = Path("/dev/shm")  # noqa: S108 - made by mkdtemp, mode 700
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for left in parent.glob("vyzov-tts-*-*"):
        pid = left.name.split("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"vyzov-tts-{os.getpid()}-", dir=parent))


class _Process:
    """One `festival --pipe`. What it says on standard error may hold the caller's words: read, never logged."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._file = folder / f"{process.pid}.wav"
        self.texts = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, folder: Path) -> _Process:
        """A process with the voice loaded and warmed up (the first text takes ten times as long)."""
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(folder), "LANG": "C.UTF-8"}
        process = await asyncio.create_subprocess_exec(
            "festival", "--pipe", cwd=folder, env=environment, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self = cls(process, folder)
        try:
            await self._run(f"(voice_{VOICE})", START_SECONDS)
            await self.render("Здравствуйте, назовите дату рождения пациента.", START_SECONDS)
            await self._run("\n".join(f"(set! {name} nil)" for name in _OUTSIDE), START_SECONDS)
        except BaseException as error:
            await self.stop()
            if isinstance(error, TextRefused):
                raise EngineFailed("festival has no Russian voice") from error
            raise
        return self

    async def render(self, inside: str, seconds: float) -> bytes:
        """A RIFF file of `speakable` text. Raises TextRefused (ER: the process lives on) or EngineFailed."""
        self.texts += 1
        self._file.unlink(missing_ok=True)
        await self._run(
            f'(set! said (utt.synth (Utterance Text "{inside}")))\n'
            f'(if said (utt.save.wave said "{self._file}" (quote riff)))\n'
            "(set! said nil)",
            seconds,
        )
        try:
            return self._file.read_bytes()  # whole: the marker came after it; a file in memory does not block
        except FileNotFoundError:
            raise TextRefused("festival refused the text") from None
        finally:
            self._file.unlink(missing_ok=True)

    async def _run(self, lisp: str, seconds: float) -> None:
        """Run forms, and wait for the marker that follows them even when one of them fails."""
        assert self._process.stdin is not None
        marker = f"vyzov-done-{self.texts}"
        try:
            async with asyncio.timeout(seconds):
                self._process.stdin.write(f'{lisp}\n(format stderr "\\n{marker}\\n")\n'.encode())
                await self._process.stdin.drain()
                await self._wait_for(marker.encode())
        except (TimeoutError, OSError, ValueError) as error:
            raise EngineFailed(f"festival: {type(error).__name__}") from None

    async def _wait_for(self, marker: bytes) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            if line.strip() == marker:
                return
        raise EngineFailed("festival ended")

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._file.unlink(missing_ok=True)
