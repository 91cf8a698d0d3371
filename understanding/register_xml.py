"""The state register's XML: elements of a large file one after another, in bounded memory.

Expat itself, without a tree: only attributes matter here. A document type, the only place where entities can be
declared, is refused, so that no entity can blow the file up or fetch anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from core.errors import ConfigurationError

_CHUNK = 1 << 20
"""Bytes read at a time: the rows of one chunk are in memory."""


def elements(path: Path, tag: str) -> Iterator[dict[str, str]]:
    """Attributes of every element `tag`. Raises ConfigurationError that names the file, the line and what to do."""
    found: list[dict[str, str]] = []

    def element(name: str, attributes: dict[str, str]) -> None:
        if name == tag:
            found.append(attributes)

    def doctype(*_parts: object) -> None:
        raise ConfigurationError(f"{path.name}: has a DOCTYPE, which no delivery has: fetch it again")

    parser = expat.ParserCreate()
    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = doctype
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
                yield from found
                found.clear()
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        fault = f"{path.name}, line {error.lineno}: {expat.ErrorString(error.code)}"
        raise ConfigurationError(f"{fault}: the file is cut off or damaged, fetch the delivery again") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {type(error).__name__}") from None


def valid(row: dict[str, str]) -> bool:
    """Whether a row of the delivery is in force: history and what was struck off are not."""
    return row.get("ISACTUAL") == "1" and row.get("ISACTIVE") == "1"


def number_in(path: Path, row: dict[str, str], name: str) -> int:
    """A number among a row's attributes. Raises ConfigurationError that names the file and the object."""
    try:
        return int(row[name])
    except (KeyError, ValueError):
        where = f"{path.name}: object {row.get('OBJECTID', 'without OBJECTID')}"
        raise ConfigurationError(f"{where}: {name} is no number: fetch the delivery again") from None
