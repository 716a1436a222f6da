"""What a precision costs or saves: the same model in two of them, measured by turns.

    python -m tests.benchmarks.bench_precision MODEL [--precisions default f32] [--pairs 7]

Both are loaded at once, so that drift of the machine affects both; every other pair begins with the other
one. A turn is what `precision: auto` measures at a first load. A line shows the second precision's time as a
part of the first one's: median, lowest and highest of the pairs; the last is of a typical request, by which
`auto` chooses.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.precision.choice import (
    Figures,
    best_precision,
    seconds_of_typical_requests,
    typical_prompt,
)
from ovpipe.engines.precision.measuring import measure

KV_BLOCKS = 256

Pair = dict[Precision, Figures]


def load(model: Path, precision: Precision) -> GenaiCore:
    options = {"models_path": str(model), "num_kv_blocks": KV_BLOCKS, "precision": precision}
    return load_genai_core(options, lambda said: None)


def measured_by_turns(cores: dict[Precision, GenaiCore], pairs: int) -> list[Pair]:
    """A pair has its figures in the order of `cores`, whichever was measured first."""
    found: list[Pair] = []
    for turn in range(pairs):
        order = list(cores) if turn % 2 == 0 else list(reversed(cores))
        figures = {precision: measure(cores[precision]) for precision in order}
        found.append({precision: figures[precision] for precision in cores})
    return found


def table_of(pairs: list[Pair], prompt_tokens: int) -> Table:
    first, second = pairs[0]
    table = Table("", f"{second} / {first}", "lowest to highest")
    streams = pairs[0][first].streams
    rows: dict[str, Callable[[Figures], float]] = {
        "a step of 1": lambda figures: figures.alone,
        f"a step of {streams}": lambda figures: figures.together,
        "a prompt": lambda figures: figures.prefill,
        f"a typical request ({prompt_tokens} tokens of prompt)": lambda figures: seconds_of_typical_requests(
            figures, prompt_tokens
        ),
    }
    for name, seconds in rows.items():
        ratios = [seconds(pair[second]) / seconds(pair[first]) for pair in pairs]
        table.add_row(name, f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}")
    return table


def main() -> None:
    """Measures and prints the table, and what each pair alone would have chosen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, help="a model's folder")
    known = [name for name in get_args(Precision) if name != "auto"]
    parser.add_argument("--precisions", nargs=2, choices=known, default=["default", "f32"])
    parser.add_argument("--pairs", type=int, default=7, help="turns of each")
    asked = parser.parse_args()
    cores: dict[Precision, GenaiCore] = {name: load(asked.model, name) for name in asked.precisions}
    context = next(iter(cores.values())).info.context_length
    pairs = measured_by_turns(cores, asked.pairs)
    console = Console(soft_wrap=True, highlight=False)
    console.print(", ".join(f"{name} computes in {core.info.precision}" for name, core in cores.items()))
    console.print(table_of(pairs, typical_prompt(context)))
    chosen = [best_precision(pair, typical_prompt(context)) for pair in pairs]
    console.print(", ".join(f"{chosen.count(name)} of {len(pairs)} pairs choose {name}" for name in cores))


if __name__ == "__main__":
    main()
