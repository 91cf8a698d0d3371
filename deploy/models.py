"""`scripts/fetch_models`: the vendors' models, fetched, checked and put where the engines look for them."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import ConfigurationError, VyzovError
from core.settings import ROOT, get_settings
from deploy.bootstrap.progress import say
from deploy.download import Unreachable, download

LIST = ROOT / "deploy" / "models.yml"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNPACKED_LARGEST = 20 * 1024**3


class Model(BaseModel):
    """One entry of `models.yml`; the meaning of the fields stands there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    licence: str
    url: str
    catalogue: str | None
    sha256: str | None
    unpack: bool
    target: Path
    runs_code: bool


class Refused(VyzovError):
    """The file came and is not to be trusted, or not whole."""

    code = "refused"


@dataclass(frozen=True)
class Published:
    """What the vendor says of a file: MD5 guards against damage, not against an attacker."""

    md5: str
    size: int | None


def load(path: Path = LIST) -> dict[str, Model]:
    """The list. Raises ConfigurationError."""
    try:
        return TypeAdapter(dict[str, Model]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def fetch(client: httpx.Client, name: str, model: Model, models_dir: Path, sha256: str | None = None) -> str:
    """Fetch, check and put in place one model. Returns how it was checked.

    Raises Unreachable, or Refused for a file that is not what it should be or that nothing vouches for.
    """
    target = models_dir / model.target
    if target.exists():
        return f"already in {target}; delete that to fetch it again"
    wanted = sha256 or model.sha256
    published = None if wanted or model.catalogue is None else _published(client, model.catalogue, model.url)
    whole = models_dir / "fetched" / name
    if not whole.exists():  # it may wait there since nothing vouched for it
        part = whole.with_name(f"{name}.part")
        download(client, model.url, part, _Shown(name))
        part.rename(whole)
    found = _digest(whole, "sha256")
    checked = _check(name, model, whole, found, wanted, published)
    target.parent.mkdir(parents=True, exist_ok=True)
    if model.unpack:
        _unpack(whole, target)
        whole.unlink()
    else:
        target.with_name(target.name + ".sha256").write_text(f"{found}  {target.name}\n")
        whole.rename(target)
    return f"in {target}; {checked}; SHA-256 {found}"


def _check(name: str, model: Model, whole: Path, found: str, wanted: str | None, published: Published | None) -> str:
    if wanted:
        if found != wanted:
            whole.unlink()
            raise Refused(f"the file is damaged or another one: SHA-256 {found} instead of {wanted}; it was deleted")
        return "checked by SHA-256"
    if published is not None and not model.runs_code:
        if published.size not in (None, whole.stat().st_size) or _digest(whole, "md5") != published.md5:
            whole.unlink()
            raise Refused("the file is not what its vendor's catalogue says (size, MD5); it was deleted")
        return "checked by the vendor's size and MD5 only (no SHA-256 is published)"
    danger = " and loading it runs code from it" if model.runs_code else ""
    raise Refused(
        f"fetched, but nobody publishes a SHA-256 of it{danger}. Compare the one of your file with a source that you "
        f"trust, then run: scripts/fetch_models {name} --sha256 {name}={found}"
    )


def _published(client: httpx.Client, catalogue: str, url: str) -> Published | None:
    try:
        rows: Any = client.get(catalogue, timeout=30.0, follow_redirects=True).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unreachable(f"{catalogue}: {str(error) or type(error).__name__}") from None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and row.get("url") == url and re.fullmatch(r"[0-9a-f]{32}", str(row.get("md5"))):
            return Published(str(row["md5"]), row["size"] if isinstance(row.get("size"), int) else None)
    return None


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _unpack(archive: Path, target: Path) -> None:
    """Unpack the archive's one folder as `target`, whole or not at all."""
    half = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(archive) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _UNPACKED_LARGEST:
                raise Refused("the archive unpacks to more than a model can be")
            packed.extractall(half)
        inside = list(half.iterdir())
        if len(inside) != 1 or not inside[0].is_dir():
            raise Refused("the archive does not hold the one folder of a model")
        inside[0].rename(target)
    except (zipfile.BadZipFile, OSError) as error:
        raise Refused(f"the archive cannot be unpacked: {error}") from None
    finally:
        shutil.rmtree(half, ignore_errors=True)


class _Shown:
    """Says every few seconds how far a download is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = time.monotonic()

    def __call__(self, have: int, whole: int | None) -> None:
        if time.monotonic() - self._said >= 5:
            self._said = time.monotonic()
            of = f" of {whole / 1e6:.0f}" if whole else ""
            say(f"  {self._name}: {have / 1e6:.0f}{of} MB")


def _hashes(pairs: Sequence[str], known: Mapping[str, Model]) -> dict[str, str]:
    hashes = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in known or not _SHA256.fullmatch(value.lower()):
            raise ConfigurationError(f"--sha256 wants NAME=64 hexadecimal digits; names are {', '.join(known)}")
        hashes[name] = value.lower()
    return hashes


def main(arguments: Sequence[str] | None = None, *, models_list: Path = LIST) -> int:
    """Exit code 0 when every model asked for is in place, 1 when one is not, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="scripts/fetch_models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--sha256", action="append", default=[], metavar="NAME=HEX", help="what the file must be")
    options = parser.parse_args(arguments)
    known = load(models_list)
    try:
        hashes = _hashes(options.sha256, known)
        if unknown := [name for name in options.names if name not in known]:
            raise ConfigurationError(f"no such model: {', '.join(unknown)}; there are {', '.join(known)}")
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    failed = []
    with httpx.Client() as client:
        for name in options.names or known:
            say(f"{name}: {known[name].title}; licence: {known[name].licence}")
            try:
                say(f"  {fetch(client, name, known[name], get_settings().models_dir, hashes.get(name))}")
            except (Unreachable, Refused) as error:
                failed.append(name)
                say(f"  NOT in place: {error}")
    if failed:
        say(f"Not in place: {', '.join(failed)}. Without them the embedded engines serve.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
