"""Chain: a graph's file, the one that it extends, and so on: read, and put together into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ovpipe.errors import GraphError, NotFoundError
from ovpipe.graph.extending.insertion import Insertions
from ovpipe.graph.extending.leftovers import drop_unused, note_missing
from ovpipe.graph.extending.merging import Merging
from ovpipe.graph.files import find_graph, read_text
from ovpipe.graph.place import Findings
from ovpipe.graph.schema import check_shape, check_version
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.registry import Registry

EXTENDS = "extends"
MAX_EXTENSIONS = 32


def put_together(
    source: YamlSource, folder: Path, file: Path | None, registry: Registry, findings: Findings
) -> tuple[YamlSource, bool]:
    """A file's graph without what has a wrong shape, with all that it has of the graphs which it extends.

    `folder` is the file's, which is None for a text; its version was checked. The second value says whether
    the graph is whole; when not, a missing name proves nothing.
    """
    source, whole = check_shape(source, findings)
    if EXTENDS not in source.value:
        return source, whole
    chain = _Chain(registry, findings)
    chain.read(source, whole, folder, () if file is None else (file,))
    return chain.merged()


def read_whole(file: Path, registry: Registry) -> YamlSource:
    """A graph's file with all that it has of the graphs which it extends.

    Raises GraphError for a file that is no graph, or whose changes cannot be made.
    """
    findings = Findings()
    source = read_source(read_text(file), str(file))
    if check_version(source, findings):
        source, _ = put_together(source, file.parent, file, registry, findings)
    findings.check()
    return source


class _Chain:
    """The files from the first, which extends none, to the last, which others do not know of."""

    def __init__(self, registry: Registry, findings: Findings) -> None:
        self._registry = registry
        self._findings = findings
        self._sources: list[YamlSource] = []
        self._files: dict[str, Path] = {}
        self._whole = True

    def read(self, source: YamlSource, whole: bool, folder: Path, way: Sequence[Path]) -> None:
        """Reads what a file extends, and what that extends; `way` are the files so far."""
        self._sources.insert(0, source)
        self._whole = self._whole and whole
        if EXTENDS not in source.value:
            return
        place = source.place(EXTENDS)
        used = f" (extended at {place}){source.used}"
        file = self._found(source, folder, way)
        inner = None
        if file is not None:
            try:
                inner = read_source(read_text(file), str(file), used)
            except GraphError as error:
                self._findings.add_all(error.findings, used)
        if file is None or inner is None or not check_version(inner, self._findings):
            self._whole = False
            return
        self._files[str(file)] = file
        self.read(*check_shape(inner, self._findings), file.parent, (*way, file))

    def _found(self, source: YamlSource, folder: Path, way: Sequence[Path]) -> Path | None:
        place = source.place(EXTENDS)
        try:
            file = find_graph(source.value[EXTENDS], folder)
        except NotFoundError as error:
            self._findings.add(place, str(error))
            return None
        resolved = [one.resolve() for one in way]
        if file.resolve() in resolved:
            circle = " -> ".join(map(str, (*way[resolved.index(file.resolve()) :], file)))
            message = f"a graph cannot extend itself: {circle}; let one of them extend another graph"
        elif len(way) > MAX_EXTENSIONS:
            message = f"more than {MAX_EXTENSIONS} graphs extend one another"
        else:
            return file
        self._findings.add(place, message)
        return None

    def merged(self) -> tuple[YamlSource, bool]:
        """The last file with all that it has of the others."""
        first, *others = self._sources
        own = self._sources[-1]
        merging = Merging(first, self._findings)
        draft = merging.draft
        for source in others:
            merging.extend(source)
        whole = self._whole and merging.whole
        insertions = Insertions(draft, self._registry, self._findings if whole else Findings())
        insertions.insert_all()
        drop_unused(draft, merging.gone, own)
        note_missing(draft, merging.gone)
        for key in (EXTENDS, "replace", "remove"):
            draft.drop((key,))
        found = replace(own, value=draft.value, places=draft.places, extended=self._files)
        return found, whole and insertions.whole
