"""Log lines on stderr: one record begins one line, whatever its text holds."""

from __future__ import annotations

import enum
import logging
import sys


class LogLevel(enum.StrEnum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class OneRecordFormatter(logging.Formatter):
    """Indents what follows a record's first line, so that text from outside never looks like a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        return "\n    ".join(line.translate(CONTROLS) for line in lines)


CONTROLS = {
    code: repr(chr(code))[1:-1] for code in (*range(9), *range(10, 32), *range(127, 160), 0x2028, 0x2029)
}
"""All control characters but the tab. Those above 127 count: to some terminals 0x9b is escape and bracket."""


def configure_logs(level: LogLevel, *, access_log: bool) -> None:
    """Sends all logs to stderr; the line per request only when asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneRecordFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("ovpipe.access").setLevel(logging.INFO if access_log else logging.CRITICAL)
