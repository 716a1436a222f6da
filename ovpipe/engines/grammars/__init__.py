"""Grammars tried out by the engine's library in a process that may break."""
