"""`scripts/bench NAME …`: every room keeps its benchmark in `ROOM/bench.py` with `main(argv) -> int`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def names() -> list[str]:
    """Rooms that have a benchmark."""
    return sorted(path.parent.name for path in ROOT.glob("*/bench.py"))


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in names():
        print(f"usage: scripts/bench NAME [arguments]; NAME is one of: {', '.join(names())}", file=sys.stderr)
        return 0 if argv[:1] in (["--help"], ["-h"]) else 2
    code: int = importlib.import_module(f"{argv[0]}.bench").main(argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
