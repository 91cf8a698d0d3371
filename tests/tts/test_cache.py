"""Promise: fixed prompts are there after a restart; what was said to one caller is never on disk, and not kept long."""

from __future__ import annotations

import os
from pathlib import Path

from tts.cache import MEMORY_SECONDS, SpeechCache

PCM = b"\x01\x02" * 500


def test_only_fixed_prompts_are_on_disk_under_names_that_tell_nothing(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    fixed, private = cache.key("v1", "Назовите адрес."), cache.key("v1", "Иванов Пётр")
    cache.put(fixed, PCM, fixed=True)
    cache.put(private, PCM, fixed=False)
    assert cache.get(private) == PCM
    assert [path.name for path in tmp_path.iterdir()] == [f"{fixed}.pcm"]
    again = SpeechCache(tmp_path)
    assert again.get(fixed) == PCM
    assert again.get(private) is None


def test_another_voice_is_another_recording(tmp_path: Path) -> None:
    assert SpeechCache.key("v1", "да") != SpeechCache.key("v2", "да")


def test_the_disk_is_bounded_and_the_least_used_goes_first(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path, disk_bytes=3 * len(PCM), memory_bytes=0)
    keys = [cache.key("v1", str(number)) for number in range(5)]
    for age, key in enumerate(keys[:3]):
        cache.put(key, PCM, fixed=True)
        os.utime(tmp_path / f"{key}.pcm", (age, age))
    assert cache.get(keys[0]) == PCM  # used: stays
    for key in keys[3:]:
        cache.put(key, PCM, fixed=True)
    assert [cache.get(key) is not None for key in keys] == [True, False, False, True, True]


def test_memory_is_bounded_in_size_and_time(tmp_path: Path) -> None:
    now = [0.0]
    cache = SpeechCache(tmp_path, memory_bytes=2 * len(PCM), clock=lambda: now[0])
    for text in "abc":
        cache.put(cache.key("v1", text), PCM, fixed=False)
    assert [cache.get(cache.key("v1", text)) is not None for text in "abc"] == [False, True, True]
    now[0] = MEMORY_SECONDS + 1
    assert cache.get(cache.key("v1", "c")) is None


def test_half_a_file_of_a_killed_service_is_not_played(tmp_path: Path) -> None:
    (tmp_path / "left.part").write_bytes(PCM)
    cache = SpeechCache(tmp_path)
    key = cache.key("v1", "да")
    (tmp_path / f"{key}.pcm").write_bytes(b"")
    assert cache.get(key) is None
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_costs_the_cache_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tts"
    cache = SpeechCache(folder)
    folder.rmdir()
    folder.write_text("not a folder")
    cache.put(cache.key("v1", "да"), PCM, fixed=True)
    assert cache.get(cache.key("v1", "да")) == PCM
