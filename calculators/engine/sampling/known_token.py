"""known_token: a token with its log-probability, and the likeliest beside it."""

from __future__ import annotations

from ovpipe.calculators.engine.packets import LogitsRow
from ovpipe.calculators.engine.sampling.largest import largest
from ovpipe.calculators.engine.sampling.weights import log_sum_exp
from ovpipe.engines.protocol import LikelyToken, Token


def known_token(token: int, logits: LogitsRow, top: int) -> Token:
    """The token with its log-probability, and the `top` likeliest tokens at its place."""
    # One at least, for the sum of all needs the largest.
    likeliest = largest(logits, max(1, top))
    whole = log_sum_exp(logits, float(logits[likeliest[0]]))
    seen = tuple(LikelyToken(likely, float(logits[likely]) - whole) for likely in likeliest[:top].tolist())
    return Token(token, float(logits[token]) - whole, seen)
