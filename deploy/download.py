"""One file from the network: resumed where it broke off, whole or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from core.errors import VyzovError

TRIES = 5
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LARGEST = 8 * 1024**3
"""Bytes; four times the largest model."""

Progress = Callable[[int, int | None], None]
"""Called with bytes so far and the whole size where it is known."""


class Unreachable(VyzovError):
    """The place does not answer, or not with the file."""

    code = "unreachable"


def download(client: httpx.Client, url: str, part: Path, progress: Progress, *, pause: float = 2.0) -> None:
    """Make `part` the whole file of `url`; what is already in it is not fetched again.

    Broken connections are taken up again (RFC 9110, 14: Range with If-Range), at most TRIES times without a byte
    of progress. Raises Unreachable; `part` stays for the next time.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    while True:
        before = _size(part)
        try:
            _fetch(client, url, part, progress)
            _tag_file(part).unlink(missing_ok=True)
            return
        except httpx.HTTPError as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures >= TRIES:
                raise Unreachable(f"{url}: {_reason(error)}, {TRIES} times") from None
            time.sleep(min(pause * 2**failures, 30.0))
        except OSError as error:
            raise Unreachable(f"{part}: {error.strerror}") from None


def _fetch(client: httpx.Client, url: str, part: Path, progress: Progress) -> None:
    have, tag = _size(part), _read_tag(part)
    headers = {"Accept-Encoding": "identity"}
    if have and tag:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    with client.stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as answer:
        if answer.status_code == 416 or answer.status_code >= 500:
            if answer.status_code == 416:  # what we have is not a beginning of what is there
                part.unlink(missing_ok=True)
            raise httpx.HTTPStatusError(f"HTTP {answer.status_code}", request=answer.request, response=answer)
        if answer.status_code not in (200, 206):
            raise Unreachable(f"{url}: HTTP {answer.status_code}")
        resumed = answer.status_code == 206
        have = have if resumed else 0
        length = answer.headers.get("Content-Length", "")
        whole = have + int(length) if length.isdigit() else None
        if (whole or 0) > LARGEST:
            raise Unreachable(f"{url}: {whole} bytes are more than the {LARGEST} expected at most")
        _write_tag(part, answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
        with part.open("ab" if resumed else "wb") as file:
            for block in answer.iter_raw():  # unbuffered: what came is kept when the connection breaks
                file.write(block)
                have += len(block)
                if have > LARGEST:
                    raise Unreachable(f"{url}: does not end")
                progress(have, whole)


def _tag_file(part: Path) -> Path:
    """Which version of the file the beginning in `part` belongs to."""
    return part.with_name(part.name + ".version")


def _read_tag(part: Path) -> str | None:
    try:
        tag = json.loads(_tag_file(part).read_text())
    except (OSError, ValueError):
        return None
    # a weak tag does not say that the bytes are the same
    return tag if isinstance(tag, str) and not tag.startswith("W/") else None


def _write_tag(part: Path, tag: str | None) -> None:
    _tag_file(part).write_text(json.dumps(tag))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
