"""Grammars in the engine: compiled beside its steps, and followed token by token."""
