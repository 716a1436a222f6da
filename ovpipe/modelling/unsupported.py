"""A model that ovpipe does not build, and what its user can do instead."""

from __future__ import annotations

EXPORT = (
    "optimum-intel can convert many more: `pip install optimum-intel==2.2.0 transformers==5.5.4 "
    "torch==2.13.0+cpu --extra-index-url https://download.pytorch.org/whl/cpu` (the pin keeps torch's CUDA "
    "libraries out: 0.85 GB instead of 6), then `optimum-cli export openvino --model MODEL FOLDER`; ovpipe "
    "serves that folder."
)


class UnsupportedModel(ValueError):
    """Says what of the model ovpipe does not build, and how to convert it elsewhere.

    `fact` is the first sentence, without its full stop.
    """

    def __init__(self, fact: str, remedy: str = EXPORT) -> None:
        super().__init__(f"{fact}. {remedy}")
        self.fact = fact
