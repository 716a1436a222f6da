"""The model that most tests serve: it writes at random, and without end. How it is made: examples/random_model/."""

from pathlib import Path

TINY_RANDOM = Path(__file__).parent / "tiny-random"
