"""One Rasa process: `.venv-rasa/bin/python -m dialog.components.server [--index 0]`, from the project's root.

Listens on `VYZOV_DIALOG_PORT` + index at `VYZOV_HOST`. Rasa's own HTTP interface (conversations, models, /status) is
not switched on: the only doors are our channel, behind the token, and its /webhooks/vyzov/health.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys

from dialog.components.environment import DIALOG, prepare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=int, default=0, help="which of the Rasa processes this is")
    index = parser.parse_args().index
    prepare()

    from dialog.components import logs, speed
    from dialog.train import model_path

    model = model_path()
    if not model.exists():
        sys.exit("dialog: no model for the present sources; run .venv-rasa/bin/python -m dialog.train")

    import rasa.core.run
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.log_utils import configure_structlog

    logs.configure()
    configure_structlog(logging.WARNING)
    speed.install()
    rasa.core.run.serve_application(
        model_path=str(model),
        interface=os.environ["VYZOV_HOST"],
        port=int(os.environ["VYZOV_DIALOG_PORT"]) + index,
        credentials=str(DIALOG / "credentials.yml"),
        endpoints=AvailableEndpoints.read_endpoints(str(DIALOG / "endpoints.yml")),
        enable_api=False,
        response_timeout=60,
    )


if __name__ == "__main__":
    main()
