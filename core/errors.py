"""Errors that cross rooms. Their texts never carry names, phones, addresses or what was said."""

from __future__ import annotations


class VyzovError(Exception):
    """Base of the project's errors. `code` is stable and goes to the client; the text is for people."""

    code = "error"
    http_status = 500

    def __init__(self, message: str, *, code: str | None = None, http_status: int | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        if http_status is not None:
            self.http_status = http_status


class BadInput(VyzovError):
    """What came in cannot be used; the text says what would be right."""

    code = "bad_input"
    http_status = 422


class NotFound(VyzovError):
    code = "not_found"
    http_status = 404


class ServiceUnavailable(VyzovError):
    """A service behind us did not answer in time or answered with a fault."""

    code = "unavailable"
    http_status = 503


class ConfigurationError(VyzovError):
    """A setting, a data file or a model is wrong; the service does not start and says what to do."""

    code = "configuration"
