"""What a trained model takes texts for: `.venv-rasa/bin/python -m dialog.components.parse MODEL` (Python 3.10).

Standard input: a JSON list of turns, `{"text", "alternatives": [{"text", "score"}, …]}`. Standard output: `{"intents",
"confidences", "ms_per_turn", "load_seconds", "megabytes"}`, the first two in the turns' order; milliseconds and seconds
of the processor, megabytes resident in the end.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from dialog.components.environment import prepare


async def parse(model: Path, turns: list[dict[str, Any]]) -> dict[str, Any]:
    from rasa.core.agent import Agent  # after `prepare`
    from rasa.core.channels.channel import UserMessage

    began = time.process_time()
    agent = Agent.load(str(model))
    loaded = time.process_time()
    await agent.parse_message("алло")
    first = time.process_time()
    messages = [UserMessage(turn["text"], metadata={"turn": turn}) for turn in turns]
    results = [(await agent.processor.parse_message(message))["intent"] for message in messages]
    return {
        "intents": [result["name"] for result in results],
        "confidences": [round(float(result["confidence"]), 4) for result in results],
        "ms_per_turn": round(1000 * (time.process_time() - first) / max(1, len(turns)), 2),
        "load_seconds": round(loaded - began, 1),
        "megabytes": _megabytes(),
    }


def _megabytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 // 2**20


def main() -> None:
    prepare()
    print(json.dumps(asyncio.run(parse(Path(sys.argv[1]), json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
