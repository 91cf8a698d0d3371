"""The action server: `.venv-rasa/bin/python -m dialog.actions.server`, from the project's root.

Listens on `VYZOV_ACTIONS_PORT` at `VYZOV_HOST`; every request but /health must carry the token.
"""

from __future__ import annotations

import hmac
import os

from dialog.components.environment import prepare


def main() -> None:
    prepare()

    from rasa_sdk.endpoint import create_app
    from sanic.request import Request
    from sanic.response import HTTPResponse
    from sanic.response import json as json_response

    import dialog.actions.form
    from dialog.components import logs

    logs.configure()
    app = create_app(dialog.actions.form, cors_origins=None)
    app.config.REQUEST_MAX_SIZE = 4 * 1024 * 1024
    right = f"Bearer {os.environ['VYZOV_API_TOKEN']}"

    @app.on_request
    async def authorise(request: Request) -> HTTPResponse | None:
        if request.path == "/health":
            return None
        if right != "Bearer " and hmac.compare_digest(
            request.headers.get("authorization", "").encode(), right.encode()
        ):
            return None
        return json_response({"error": {"code": "http_error", "message": "wrong or missing token"}}, status=401)

    app.run(os.environ["VYZOV_HOST"], int(os.environ["VYZOV_ACTIONS_PORT"]), access_log=False)


if __name__ == "__main__":
    main()
