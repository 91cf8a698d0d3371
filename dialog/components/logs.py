"""Logs of Rasa's processes: warnings and worse only, everything masked.

Below WARNING Rasa writes what was said; its warnings and tracebacks may repeat it too, so every line is masked.
"""

from __future__ import annotations

import logging
import sys

from core.masking import MaskingFormatter

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_APART = ("sanic.root", "sanic.error", "sanic.access")
"""Rasa cuts these off from the root: they need the handler themselves."""


def configure() -> None:
    """One masked handler for everything; call it after the libraries are imported."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter(FORMAT, "%Y-%m-%dT%H:%M:%S"))
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
    for name in _APART:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
