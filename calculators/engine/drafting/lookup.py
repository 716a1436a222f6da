"""lookup: what followed the last tokens of a text when they stood in it before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def lookup(text: Sequence[int], count: int, longest: int) -> tuple[int, ...]:
    """`count` tokens that may follow `text`; none where its last token is not in it before.

    The last tokens are looked for further ahead, as many of them as are found, up to `longest`; of several
    places the last one counts. From there the text is copied. A copy that reaches the text's end goes on with
    what it has copied: so of a text that goes round in a circle the next round is guessed.
    """
    tokens = np.asarray(text, np.int64)
    last = len(tokens) - 1
    places = np.flatnonzero(tokens[:last] == tokens[last])
    if count < 1 or longest < 1 or not len(places):
        return ()
    for size in range(1, min(longest, last)):
        longer = places[places >= size]
        longer = longer[tokens[longer - size] == tokens[last - size]]
        if not len(longer):
            break
        places = longer
    period = last - int(places[-1])
    begin = len(tokens) - period
    return tuple(int(tokens[begin + at % period]) for at in range(count))
