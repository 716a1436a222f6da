"""Observers: functions that see every packet of a stream."""

from __future__ import annotations

from ovpipe.runtime.core.consumer import Append, Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.stream import Stream


def guarded(observer: Append, stream: Stream, core: Core) -> Append:
    """An observer whose exception ends the run."""

    def look(item: Item) -> None:
        try:
            observer(item)
        except Exception as error:
            message = f"an observer of stream {stream.name!r} failed: {type(error).__name__}: {error}"
            core.record(message, f"observer of {stream.name}", "observe", item[0], core.file, error)

    return look
