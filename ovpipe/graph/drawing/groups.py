"""Groups: the boxes of a picture inside their subgraphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ovpipe.graph.drawing.picture import Picture


@dataclass(slots=True)
class Group:
    """A subgraph: boxes by their indices, and subgraphs by their names, in the order of the picture."""

    name: str = ""
    members: list[int | Group] = field(default_factory=list)

    def inner(self, name: str) -> Group:
        """The subgraph of a name, a new one if there is none yet."""
        for member in self.members:
            if isinstance(member, Group) and member.name == name:
                return member
        made = Group(name)
        self.members.append(made)
        return made

    def boxes(self) -> Iterator[int]:
        """All boxes in it, those of inner subgraphs too."""
        for member in self.members:
            if isinstance(member, Group):
                yield from member.boxes()
            else:
                yield member


def group_of(picture: Picture, indices: Iterable[int]) -> Group:
    """Some boxes of a picture, in their subgraphs."""
    top = Group()
    for index in indices:
        group = top
        for name in picture.boxes[index].group:
            group = group.inner(name)
        group.members.append(index)
    return top


def grouped(picture: Picture, indices: Sequence[int]) -> Iterator[tuple[int, int | str | None]]:
    """Boxes in order, each with its depth. A subgraph's name stands where it begins, None where it ends."""
    yield from _walk(group_of(picture, indices), 0)


def _walk(group: Group, depth: int) -> Iterator[tuple[int, int | str | None]]:
    for member in group.members:
        if isinstance(member, Group):
            yield depth, member.name
            yield from _walk(member, depth + 1)
            yield depth, None
        else:
            yield depth, member
