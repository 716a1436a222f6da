"""What may grow in a soak, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tests.soak.processes import ALL, OTHERS, Held
from tests.soak.slopes import slope

MIB = 1 << 20

MEMORY_SHARE = 0.03
MEMORY_BYTES = 4 * MIB
"""Memory may grow by the larger of these: what an allocator moves without anybody keeping anything."""
DESCRIPTORS = 8.0
THREADS = 2.0
PROCESSES = 0.5
WARM_UP_REQUESTS = 1000
"""What is judged begins when so many have been answered: caches are full then, pools have started, and OpenVINO has
seen a step of every size."""
WAVES = {"memory": 24.0 * MIB, "descriptors": 12.0, "threads": 12.0, "processes": 1.0}
"""What one round of faults moves for a while, as a second generation beside the first. Of a slope over several rounds it
is as small a part."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What each role held at a second of the soak, and how many requests had been answered by then."""

    second: float
    requests: int
    roles: dict[str, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure of one role."""

    role: str
    figure: str
    level: float
    growth: float
    bound: float

    @property
    def grew(self) -> bool:
        """Whether it grew by more than it may."""
        return self.growth > self.bound

    def line(self) -> str:
        """It as a line of the report."""
        unit, size = (" MiB", MIB) if self.figure == "memory" else ("", 1)
        grew = "GREW" if self.grew else "flat"
        return (
            f"{grew}  {self.role:28} {self.figure:12} {self.level / size:9.1f}{unit or '    '}"
            f"  {self.growth / size:+8.2f}{unit}  (at most {self.bound / size:.2f}{unit})"
        )


def verdicts(samples: Sequence[Sample], kept: Mapping[str, int], rounds: float) -> list[Verdict]:
    """Every figure of every role that has enough samples.

    `kept` are bytes that a role may keep by its options, `rounds` how often all faults came about.
    """
    judged = [sample for sample in samples if sample.requests >= WARM_UP_REQUESTS]
    found = []
    for role in dict.fromkeys(role for sample in judged for role in sample.roles):
        if role == OTHERS:  # each lives for seconds; the sum of all processes has them
            continue
        there = [(sample.second, asdict(sample.roles[role])) for sample in judged if role in sample.roles]
        for name, wave in WAVES.items():
            seen = slope([(second, held[name]) for second, held in there])
            if seen is not None and (role, name) != (ALL, "memory"):  # each role has its own bound of it
                bound = _bound(name, seen.level) + wave / max(1.0, rounds)
                bound += kept.get(role, 0) if name == "memory" else 0
                found.append(Verdict(role, name, seen.level, seen.growth, bound))
    return found


def _bound(figure: str, level: float) -> float:
    if figure == "memory":
        return max(MEMORY_BYTES, MEMORY_SHARE * level)
    return {"descriptors": DESCRIPTORS, "threads": THREADS, "processes": PROCESSES}[figure]
