"""Reloader: the server's configuration is read again, and the models become what it says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ovpipe.errors import OvpipeError
from ovpipe.registry import Registry
from ovpipe.serving.config import ServerConfig
from ovpipe.serving.limits import changed_limits
from ovpipe.serving.models.change import Change
from ovpipe.serving.models.declared import Declared
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.plan_files import files_of, graph_files
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.refusals import shutting_down
from ovpipe.serving.watched_files import Stamp, WatchedFiles, stamps_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration as it was read, and the calculators that its graphs may name."""

    config: ServerConfig
    registry: Registry


@dataclass(frozen=True, slots=True)
class Reloading:
    """What a server reloads: the file, the configuration that it began with, and how another is read."""

    file: Path
    started_with: ServerConfig
    read: Callable[[], Configured]
    """It is called in a thread."""
    watch: bool = True
    """Whether a change of the file, or of what it names, reloads it."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload came to. With `refused` nothing has changed; it is why."""

    change: Change = field(default_factory=Change)
    limits: tuple[str, ...] = ()
    """The limits that are others now."""
    restart: tuple[str, ...] = ()
    """What differs from what the server was started with, and takes a restart."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why the next generations of these models could not be loaded; the ones before serve on."""
    refused: str = ""


class Reloader:
    """Reloads one after another: at most one is read, and one waits, for all who asked meanwhile.

    So whoever asks gets a configuration that was read after the asking.
    """

    def __init__(self, repository: Repository, reloading: Reloading, listener: LoadListener) -> None:
        self.on_change: Callable[[Change], object] = lambda _: None
        """Called when models and limits have changed."""
        self._repository = repository
        self._reloading = reloading
        self._listener = listener
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Task[Reloaded] | None = None
        self._tasks: set[asyncio.Task[Reloaded]] = set()
        self._stopped = False
        self._named = graph_files(reloading.started_with)
        self._read_as: Mapping[Path, Stamp] = {}

    def watched(self) -> Sequence[WatchedFiles]:
        """The files of which a change reloads: what the configuration was read from, as far as it is a
        project's own.
        """
        if not self._reloading.watch:
            return ()
        file = self._reloading.file
        return (WatchedFiles(str(file), self._files, self._changed, lambda: self._read_as),)

    def _files(self) -> Sequence[Path]:
        """The configuration, the graphs that it names, those that they are made of, and the calculators.

        Those of a configuration that was refused, too: a graph may be what is corrected next.
        """
        plans = self._repository.plans()
        return list(dict.fromkeys([self._reloading.file, *self._named, *files_of(plans)]))

    async def _changed(self, files: Sequence[Path]) -> None:
        self.begin(f"{', '.join(map(str, files))} {'has' if len(files) == 1 else 'have'} changed")

    async def reload(self, why: str) -> Reloaded:
        """Reads the configuration and changes the models; over when all have opened or failed to.

        `why` is for the log. A caller that is cancelled stops nothing. A later reload does not wait until
        models have opened: it may give up one that still loads.
        """
        task = self.begin(why)
        if task is None:
            raise shutting_down()
        return await asyncio.shield(task)

    def begin(self, why: str) -> asyncio.Task[Reloaded] | None:
        """Begins a reload, or joins one that has not yet begun to read; None after `stop`."""
        if self._stopped:
            log.info("%s: nothing is reloaded, since the server shuts down", why)
            return None
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._reload(why), name="reload")
            self._tasks.add(self._waiting)
            self._waiting.add_done_callback(self._tasks.discard)
        return self._waiting

    def stop(self) -> None:
        """Nothing is reloaded any more: the server drains."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()

    async def _reload(self, why: str) -> Reloaded:
        async with self._turn:
            self._waiting = None
            log.info("%s: reloading %s", why, self._reloading.file)
            try:
                declared, config = await asyncio.to_thread(self._declared)
            except OvpipeError as error:
                log.error("%s is refused, and nothing changes: %s", self._reloading.file, error)
                return Reloaded(refused=str(error))
            except Exception as error:  # a fault of ours costs the reload, not the server
                log.exception("%s cannot be read, and nothing changes", self._reloading.file)
                return Reloaded(refused=f"{type(error).__name__}: {error}")
            limits = changed_limits(self._repository.limits, config.limits)
            self._repository.take_limits(config.limits)
            change, opening = self._repository.change(declared, self._listener)
            self.on_change(change)
        restart = needs_restart(self._reloading.started_with, config)
        log.info("reloaded: %s%s", change, f"; limits: {', '.join(limits)}" if limits else "")
        if restart:
            log.warning("changed, and in force after a restart of the server: %s", ", ".join(restart))
        if opening:
            await asyncio.wait(opening)
        models = [one for one in self._repository if one.name in (*change.added, *change.replaced)]
        failed = {one.name: one.reason for one in models if one.reason}
        return Reloaded(change, limits, restart, failed)

    def _declared(self) -> tuple[Declared, ServerConfig]:
        configured = self._reloading.read()
        config = configured.config
        self._named = graph_files(config)
        declared = Declared.load(
            config.models,
            config.resources,
            configured.registry,
            dict(self._repository.resources),
            config.memory_bytes,
        )
        self._read_as = stamps_of(files_of(declared.plans()))
        return declared, config


def needs_restart(before: ServerConfig, now: ServerConfig) -> tuple[str, ...]:
    """The keys of server.yaml that differ and that a server reads at its start alone."""
    parts = {
        "host": (before.address.host, now.address.host),
        "port": (before.address.port, now.address.port),
        "security": (before.security, now.security),
    }
    return tuple(name for name, (old, new) in parts.items() if old != new)
