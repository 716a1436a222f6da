"""The line for each request: Apache's combined format, the key's name as the user, no secrets, and facts."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

from ovpipe.serving.admission.clients import CLIENT
from ovpipe.serving.requests.current import FIELDS
from ovpipe.serving.requests.record import RECORD

SECRET_VALUES: Final = re.compile(
    r"(?<=[?&])((?:[\w.-]|%2D|%5F)*(?:key|token|secret|password|signature|auth)=)[^&#\s]*", re.IGNORECASE
)
"""Values of query parameters that are, going by their names, secrets."""


access_log = logging.getLogger("ovpipe.access")


class AccessLog(AbstractAccessLogger):
    """Writes the line of each request that is answered; `Observing` writes those of the others."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """One line."""
        log_request(request, response.status, response.body_length, time)

    @property
    def enabled(self) -> bool:
        """Whether somebody reads the lines."""
        return access_log.isEnabledFor(logging.INFO)


def log_request(request: BaseRequest, status: int, sent: int, seconds: float) -> None:
    """Writes `ADDRESS - KEY [TIME] "METHOD URL HTTP/1.1" STATUS BYTES "REFERER" "AGENT" FACTS`.

    The facts are `name=value`: model, tokens, times. As JSON they are fields.
    """
    client, record = request.get(CLIENT), request.get(RECORD)
    if record is not None:
        status = record.status or status  # 499, if the client has left
    fields = {
        "client": request.remote or "-",
        "key": "-" if client is None else client.name.removeprefix("key:"),
        "method": request.method,
        "url": without_secrets(request.path_qs),
        "status": status,
        "bytes": sent,
    }
    facts = {"duration": round(seconds, 6)} if record is None else {"request_id": record.id, **record.facts()}
    began = datetime.now(UTC).astimezone() - timedelta(seconds=seconds)
    access_log.info(
        '%s - %s [%s] "%s %s HTTP/%d.%d" %s %s "%s" "%s"%s',
        fields["client"],
        fields["key"],
        began.strftime("%d/%b/%Y:%H:%M:%S %z"),
        fields["method"],
        fields["url"],
        *request.version,
        status,
        sent,
        without_secrets(_header(request, "Referer")),
        _header(request, "User-Agent"),
        "".join(f" {name}={value}" for name, value in facts.items()),
        extra={FIELDS: {**fields, **facts}},
    )


def without_secrets(url: str) -> str:
    """The URL with *** for the values of parameters that are named like secrets."""
    return SECRET_VALUES.sub(r"\1***", url)


def _header(request: BaseRequest, name: str) -> str:
    """A header's value, which cannot end the quotes around it."""
    return request.headers.get(name, "-").replace('"', "\\x22")
