"""The services `understanding` and `mis_connector` as one small HTTP server that answers as a `World` does."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dialog.conversation.turn import ServiceFault
from tests.dialog.world import World


class WorldServer:
    """Serves `world` on loopback; `world` may be exchanged, `delay` seconds pass before every answer."""

    def __init__(self) -> None:
        self.world = World()
        self.delay = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = outer._answer(self.path, body, self.headers.get("Idempotency-Key") or "")
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        time.sleep(self.delay)
        try:
            if path == "/v1/understand":
                u = asyncio.run(self.world.understand(body))
                candidates = [{"value": value, "probability": p} for value, p in u.candidates]
                return 200, {
                    "meaning": u.meaning, "value": u.value, "probability": u.probability, "complete": u.complete,
                    "missing": list(u.missing), "heard": u.heard, "candidates": candidates,
                }  # fmt: skip
            if path == "/v1/patients/search":
                found = asyncio.run(self.world.find_patients({k: v for k, v in body.items() if v}))
                return 200, {"patients": list(found.patients), "complete": found.complete}
            if path == "/v1/house-calls/search":
                return 200, {"house_calls": asyncio.run(self.world.house_calls(body))}
            if path == "/v1/callbacks":
                asyncio.run(self.world.call_back(body))
                return 201, body
            if path.endswith("/cancel"):
                return 200, {"state": asyncio.run(self.world.cancel_house_call(path.split("/")[-2]))}
            return 201, asyncio.run(self.world.create_house_call(body, key))
        except ServiceFault:
            return 503, {"error": {"code": "unavailable", "message": "away"}}
