"""What was measured once and need not be again: values on the disk by the hash of all that they hang on."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any

_WAIT_SECONDS = 60.0
"""Several processes write to one file."""


class Kept:
    """JSON values by keys that are JSON themselves. One instance a process and thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_SECONDS)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")

    def get(self, key: Any) -> Any:
        """The value, or None."""
        row = self._database.execute("SELECT value FROM kept WHERE key = ?", (digest(key),)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, key: Any, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False)
        self._database.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (digest(key), text))


def digest(key: Any) -> str:
    """SHA-256 of a JSON value, in hex."""
    return hashlib.sha256(json.dumps(key, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def fingerprint(folder: Path, *patterns: str, without: Collection[str] = ()) -> str:
    """A hash of the files' contents: whoever changes one of them measures anew. `without`: names of files."""
    whole = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        if path.name not in without:
            whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()
