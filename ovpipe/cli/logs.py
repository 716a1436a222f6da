"""Log records on stderr, as lines or as JSON: one record begins one line, whatever its text holds."""

from __future__ import annotations

import enum
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from ovpipe.serving.requests.current import FIELDS, current_request_id


class LogLevel(enum.StrEnum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class LogFormat(enum.StrEnum):
    """How a record is written."""

    TEXT = "text"
    JSON = "json"


class OneRecordFormatter(logging.Formatter):
    """Indents what follows a record's first line, so that text from outside never looks like a record.

    A record of a request ends with the request's id.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        line = super().formatMessage(record)
        request_id = current_request_id()
        return line if request_id is None else f"{line} request_id={request_id}"

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        return "\n    ".join(line.translate(CONTROLS) for line in lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time in UTC, level, logger, message, and the id of a record's request."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = current_request_id()
        if request_id is not None:
            entry["request_id"] = request_id
        entry |= getattr(record, FIELDS, {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        return json.dumps(entry, default=str)  # in ASCII: what a terminal could take for a command is escaped


CONTROLS = {
    code: repr(chr(code))[1:-1] for code in (*range(9), *range(10, 32), *range(127, 160), 0x2028, 0x2029)
}
"""All control characters but the tab. Those above 127 count: to some terminals 0x9b is escape and bracket."""


def configure_logs(level: LogLevel, *, access_log: bool, format: LogFormat = LogFormat.TEXT) -> None:
    """Sends all logs to stderr; the line per request only when asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneRecordFormatter() if format is LogFormat.TEXT else JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("ovpipe.access").setLevel(logging.INFO if access_log else logging.CRITICAL)
