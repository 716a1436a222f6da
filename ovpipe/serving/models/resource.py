"""A resource: a graph without streams, opened once, whose side packets models' graphs share."""

from __future__ import annotations

import time
from types import MappingProxyType

from ovpipe.graph.plan import Plan
from ovpipe.serving.config import ResourceConfig
from ovpipe.serving.models.file_stamps import FileStamps
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.shared_graph import SharedGraph
from ovpipe.serving.models.snapshot import ResourceSnapshot


class Resource(SharedGraph):
    """One resource's graph: the models that use it share what it names in side_outputs."""

    def __init__(
        self, declaration: ResourceConfig, plan: Plan, files: FileStamps = MappingProxyType({})
    ) -> None:
        super().__init__(plan, files=files)
        self.declaration = declaration
        self.name = declaration.name
        self.gives = {one.name: one for one in plan.side_outputs}
        """What its graph names in side_outputs."""

    @property
    def title(self) -> str:
        """What the log calls it."""
        return f"resource {self.name}"

    @property
    def role(self) -> str:
        """What the models say of it that use it."""
        return f"resource {self.name!r}"

    def snapshot(self) -> ResourceSnapshot:
        """How it is now."""
        return ResourceSnapshot(self.name, self.is_open, self.reason, self.plan.file, self.users)

    async def _load(self, listener: LoadListener) -> str:
        began = time.monotonic()
        reason = await super()._load(listener)
        if reason:
            listener.failed(self.title, reason)
        else:
            listener.available(self.title, time.monotonic() - began)
        return reason
