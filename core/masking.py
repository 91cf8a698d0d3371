"""Masks personal data in text that may reach a log. Standard library only.

What people say reaches us in Cyrillic, and so do names, streets and complaints; our own log messages are
English. So every Cyrillic word is masked, and every run of four digits or more (phones, policies, dates),
however it is grouped. What a log needs to be useful (call ids in hex, ports, durations) stays readable.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import unquote

_CYRILLIC = re.compile(r"[\u0400-\u04FF]+(?:[\s,.\-]+[\u0400-\u04FF]+)*")
_QUERY = re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){2,}")
_DATE = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b(?![T ]\d\d:)|\b\d\d\.\d\d\.(?:19|20)\d\d\b")
_PHONE = re.compile(r"(?<![\w.:\-])\+?\d[\d\s()\-]{8,}\d(?![\w.:\-])")
_LONG_NUMBER = re.compile(r"(?<![\w.:\-/])\+?\d{9,}(?![\w.])")
_ESCAPED = re.compile(r"(?:\\u04[0-9a-fA-F]{2}[\s,.\-]*)+")


def mask(text: str) -> str:
    """`text` with personal data replaced by «***»; URL queries become «?***».

    >>> mask("patient Иванова Мария, +7 916 123-45-67")
    'patient ***, ***'
    """
    text = _PERCENT.sub(lambda m: unquote(m.group(0), errors="replace"), text)
    text = _QUERY.sub("?***", text)
    text = _ESCAPED.sub("***", text)
    text = _CYRILLIC.sub("***", text)
    text = _DATE.sub("***", text)
    text = _PHONE.sub("***", text)
    return _LONG_NUMBER.sub("***", text)


class MaskingFormatter(logging.Formatter):
    """A formatter whose whole output, tracebacks included, is masked."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))
