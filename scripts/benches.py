"""`scripts/bench NAME …`: every room keeps its benchmark in `ROOM/bench.py` with `main(argv) -> int`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def modules() -> dict[str, str]:
    """The benchmark's module by its name: a room's, and the whole system's."""
    rooms = {path.parent.name: f"{path.parent.name}.bench" for path in ROOT.glob("*/bench.py")}
    rooms["nlu"], rooms["register"] = rooms.pop("dialog"), rooms.pop("understanding")
    system = {
        "conversations": "scripts.resident.bench",
        "prompts": "scripts.prompts_bench",
        "emergencies": "scripts.resident.emergencies",
        "understanding": "scripts.understanding_bench.bench",
    }
    return dict(sorted((rooms | system).items()))


def main(argv: list[str]) -> int:
    benches = modules()
    if not argv or argv[0] not in benches:
        print(f"usage: scripts/bench NAME [arguments]; NAME is one of: {', '.join(benches)}", file=sys.stderr)
        return 0 if argv[:1] in (["--help"], ["-h"]) else 2
    code: int = importlib.import_module(benches[argv[0]]).main(argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
