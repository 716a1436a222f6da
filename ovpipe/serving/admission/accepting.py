"""Accepting connections when the system has no descriptor left: quietly, and again a second later."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

log = logging.getLogger(__name__)

OUT_OF_RESOURCES: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
QUIET_SECONDS: Final = 60.0


@contextmanager
def quiet_accepts() -> Iterator[None]:
    """Makes one line of all that asyncio has to say while accept fails; it tries again every second itself.

    asyncio reports each failure with its traceback, and tries as often as the backlog is long.
    """
    loop = asyncio.get_running_loop()
    former = loop.get_exception_handler()
    said = -QUIET_SECONDS

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in OUT_OF_RESOURCES and "socket" in context:
            if time.monotonic() - said >= QUIET_SECONDS:
                said = time.monotonic()
                why = os.strerror(error.errno)
                log.warning("no connection can be accepted: %s; they wait, see `ulimit -n`", why)
        elif former is not None:
            former(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(former)


def lengthen_backlog(server: asyncio.Server, backlog: int) -> None:
    """Lets more connections wait in the kernel than asyncio, which has one number, accepts in a turn."""
    for listening in server.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as same:
            same.listen(backlog)
