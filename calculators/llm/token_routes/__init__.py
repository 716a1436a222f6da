"""Tokens without an engine: what the routes take that show what a model sees, and what they answer."""
