"""Grammars as the engine is given them: EBNF rules that ovpipe writes itself."""
