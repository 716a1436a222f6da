"""Calculators that ship with ovpipe, by topic. Import them as ovpipe.calculators."""
