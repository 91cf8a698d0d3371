"""Rendered speech kept for the next time: fixed prompts on disk, everything else in memory alone.

Audio that says a name or an address is personal data. So only what was handed to `/v1/prepare` (the script's fixed
prompts) is written to disk; what was spoken for a caller stays in a small memory that is gone with the process, and
leaves it after `MEMORY_SECONDS`. File names are hashes, so that not even a prompt's wording stands in a folder listing.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from core.logs import get_logger

log = get_logger(__name__)

DISK_BYTES = 256 * 1024 * 1024
"""About 4 hours of prompts; a script has some hundred, 10 minutes."""
MEMORY_BYTES = 32 * 1024 * 1024
"""About half an hour of speech."""
MEMORY_SECONDS = 900.0
"""Longer than a call: a read-back that is asked for again is found, the next caller's call starts without it."""


class SpeechCache:
    """PCM by engine version and normalised text. The files are small: reading one does not hold up the event loop."""

    def __init__(
        self, folder: Path, *, disk_bytes: int = DISK_BYTES, memory_bytes: int = MEMORY_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._memory_bytes = memory_bytes
        self._clock = clock
        self._memory: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._memory_size = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob("*.part"):  # of a process that was killed while writing
            left.unlink(missing_ok=True)

    @staticmethod
    def key(version: str, text: str) -> str:
        return hashlib.sha256(f"{version}\0{text}".encode()).hexdigest()

    def get(self, key: str) -> bytes | None:
        if (kept := self._memory.get(key)) is not None:
            if self._clock() - kept[0] <= MEMORY_SECONDS:
                self._memory.move_to_end(key)
                return kept[1]
            self._forget(key)
        path = self._path(key)
        try:
            pcm = path.read_bytes()
            os.utime(path)  # the least recently used goes first
        except OSError:
            return None
        if not pcm or len(pcm) % 2:
            path.unlink(missing_ok=True)
            return None
        self._remember(key, pcm)
        return pcm

    def put(self, key: str, pcm: bytes, *, fixed: bool) -> None:
        """Keep `pcm`; on disk too when it is a `fixed` prompt. A full disk costs the cache, not the call."""
        self._remember(key, pcm)
        path = self._path(key)
        if not fixed or path.exists():
            return
        part = path.with_suffix(".part")
        try:
            part.write_bytes(pcm)
            part.replace(path)
            self._shrink()
        except OSError as error:
            log.warning("speech_cache_not_written", error=type(error).__name__)

    def on_disk(self, key: str) -> bool:
        return self._path(key).exists()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.pcm"

    def _remember(self, key: str, pcm: bytes) -> None:
        self._forget(key)
        self._memory[key] = (self._clock(), pcm)
        self._memory_size += len(pcm)
        while self._memory_size > self._memory_bytes:
            self._forget(next(iter(self._memory)))

    def _forget(self, key: str) -> None:
        _, pcm = self._memory.pop(key, (0.0, b""))
        self._memory_size -= len(pcm)

    def _shrink(self) -> None:
        files = sorted((s.st_mtime_ns, s.st_size, p) for p in self._folder.glob("*.pcm") for s in [p.stat()])
        size = sum(s for _, s, _ in files)
        for _, bytes_, path in files:
            if size <= self._disk_bytes:
                break
            path.unlink(missing_ok=True)
            size -= bytes_
