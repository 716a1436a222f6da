"""Masks of the tokens that a grammar allows next, by llguidance."""
