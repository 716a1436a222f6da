"""A client's own deadline: how long it waits for the whole answer, in a header."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from ovpipe.errors import RequestError

TIMEOUT: Final = "X-Request-Timeout-Seconds"
"""As Ray Serve and others have it. The headers of proxies say how long a proxy waits, not a client."""
SECONDS: Final = re.compile(r"\d{1,9}(\.\d{1,30})?", re.ASCII)
"""As many places as any language writes of a float: a client sends what is left of its own deadline."""


def wanted_seconds(request: web.Request) -> float | None:
    """The seconds that a request may take by its client, from its headers on; None: it does not say.

    RequestError 400 for what is no number of seconds above 0, and for two of them.
    """
    stated = request.headers.getall(TIMEOUT, ())
    if not stated:
        return None
    seconds = float(stated[0]) if len(stated) == 1 and SECONDS.fullmatch(stated[0].strip()) else 0.0
    if not seconds:
        raise RequestError(
            400,
            f"The header {TIMEOUT} must be one number of seconds above 0 and below 1000000000, "
            "as in '30' or '2.5'.",
            code="invalid_header",
            param=TIMEOUT,
        )
    return seconds
