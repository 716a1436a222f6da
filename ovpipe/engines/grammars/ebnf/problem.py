"""What is wrong with a grammar that no rules can be written for."""

from __future__ import annotations


class GrammarProblem(ValueError):
    """A grammar that no rules can be written for; the message is a fact about it, without a subject."""
