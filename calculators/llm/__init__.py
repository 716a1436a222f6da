"""Calculators that serve a language model."""
