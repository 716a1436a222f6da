"""The line for each request: Apache's combined format, with the key's name as the user and no secrets."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

from ovpipe.serving.admission.clients import CLIENT

SECRET_VALUES: Final = re.compile(
    r"(?<=[?&])((?:[\w.-]|%2D|%5F)*(?:key|token|secret|password|signature|auth)=)[^&#\s]*", re.IGNORECASE
)
"""Values of query parameters that are, going by their names, secrets."""


class AccessLog(AbstractAccessLogger):
    """Writes `ADDRESS - KEY [TIME] "METHOD URL HTTP/1.1" STATUS BYTES "REFERER" "AGENT"`."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """One line."""
        client = request.get(CLIENT)
        began = datetime.now(UTC).astimezone() - timedelta(seconds=time)
        version = f"HTTP/{request.version.major}.{request.version.minor}"
        self.logger.info(
            '%s - %s [%s] "%s %s %s" %s %s "%s" "%s"',
            request.remote or "-",
            "-" if client is None else client.name.removeprefix("key:"),
            began.strftime("%d/%b/%Y:%H:%M:%S %z"),
            request.method,
            without_secrets(request.path_qs),
            version,
            response.status,
            response.body_length,
            without_secrets(_header(request, "Referer")),
            _header(request, "User-Agent"),
        )

    @property
    def enabled(self) -> bool:
        """Whether somebody reads the lines."""
        return self.logger.isEnabledFor(logging.INFO)


def without_secrets(url: str) -> str:
    """The URL with *** for the values of parameters that are named like secrets."""
    return SECRET_VALUES.sub(r"\1***", url)


def _header(request: BaseRequest, name: str) -> str:
    """A header's value, which cannot end the quotes around it."""
    return request.headers.get(name, "-").replace('"', "\\x22")
