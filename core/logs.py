"""Structured logs on standard error: one JSON object a line, personal data masked.

Every record of every library passes the same handler, so a library that logs what a caller said cannot leak it.
Libraries that log whole URLs (httpx, uvicorn's access log) are raised to WARNING on top.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from core.masking import mask

_LOUD = ("httpx", "httpcore", "uvicorn.access", "websockets", "asyncio", "alembic.runtime.migration")


def _mask_line(_logger: Any, _method: str, line: Any) -> str:
    return mask(str(line))


def configure(service: str, level: str = "INFO") -> None:
    """Route the standard library's logging and structlog of this process to one masked JSON handler."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _mask_line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `log.info("event_in_words", key=value)`; never pass personal data."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
