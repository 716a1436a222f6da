"""Budget: how much work one rendering may be, counted in turns of loops and calls of macros."""

from __future__ import annotations

from typing import Final

from jinja2 import TemplateError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import safe_range

TURN: Final = "ovpipe_turn"
"""The name by which a counted template calls its budget, once a turn."""


NUMBERS_A_TURN: Final = 100
"""Of a range that a filter goes through: they take as long as a turn."""


class OverBudget(TemplateError):
    """A rendering took more turns than it may."""


class Budget:
    """Counts the turns of a rendering, or of several; raises OverBudget after `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._left = most

    @property
    def left(self) -> int:
        """The turns that are left."""
        return max(self._left, 0)

    @property
    def spent(self) -> bool:
        """Whether more was asked for."""
        return self._left < 0

    def __call__(self, turns: int = 1) -> None:
        """One turn, or what takes as long as so many."""
        self._left -= turns
        if self._left < 0:
            raise OverBudget(f"it takes more than {self.most} turns of loops")


def count_turns(template: nodes.Template) -> nodes.Template:
    """The template, changed so that every turn of a loop and every call of a macro calls its budget.

    Jinja bounds neither: loops in loops, or a macro that calls itself twice, run for hours without writing a
    character, and a thread cannot be ended from outside.
    """
    found: list[nodes.For | nodes.Macro | nodes.CallBlock] = list(
        template.find_all((nodes.For, nodes.Macro, nodes.CallBlock))
    )
    for node in found:
        # A filter is called as it is; a function goes through the sandbox, which takes ten times as long.
        turn = nodes.ExprStmt(nodes.Filter(nodes.Name(TURN, "load"), TURN, [], [], None, None))
        for part in (turn, *turn.find_all(nodes.Node)):
            part.set_lineno(node.lineno)
        node.body.insert(0, turn)
    return template


@pass_context
def charged_range(context: Context, *bounds: int) -> range:
    """Jinja's `range`, which is charged: a filter such as `sum` goes through it without a turn."""
    numbers = safe_range(*bounds)
    budget = context.get(TURN)
    if isinstance(budget, Budget):
        budget(len(numbers) // NUMBERS_A_TURN)
    return numbers


def turn(budget: Budget) -> None:
    """The filter by which it does so."""
    budget()
