"""Phi4Thoughts: thoughts of Phi-4-reasoning and Phi-4-mini-reasoning."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.reasoning.think import Think


class Phi4Thoughts(Think):
    """`<think>thoughts</think>answer`, plain text that its system message asks for."""
