"""Change: what a reload does to each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ovpipe.serving.models.declared import Declared
from ovpipe.serving.models.model import Model


@dataclass(frozen=True, slots=True)
class Change:
    """The models by what becomes of them."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The former name by the new one."""
    replaced: tuple[str, ...] = ()
    """Their next generation opens."""
    kept: tuple[str, ...] = ()

    def __str__(self) -> str:
        renamed = [f"{old} as {new}" for new, old in self.renamed.items()]
        parts = {
            "added": self.added,
            "removed": self.removed,
            "renamed": renamed,
            "replaced": self.replaced,
            "unchanged": self.kept,
        }
        return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)


def changes_between(models: Sequence[Model], declared: Declared) -> Change:
    """What becomes of these models. One that is gone under its name, and declared alike under another, is
    renamed: it goes on.
    """
    before = {model.name: model for model in models}
    shall = {one.name: one for one in declared.served}
    gone = [name for name in before if name not in shall]
    added: list[str] = []
    replaced: list[str] = []
    kept: list[str] = []
    renamed: dict[str, str] = {}
    for name, served in shall.items():
        if name in before:
            (kept if before[name].serves(served) else replaced).append(name)
            continue
        former = next((old for old in gone if before[old].serves(served)), None)
        if former is None:
            added.append(name)
        else:
            renamed[name] = former
            gone.remove(former)
    return Change(tuple(added), tuple(gone), renamed, tuple(replaced), tuple(kept))
