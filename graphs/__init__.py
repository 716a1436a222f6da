"""Graphs that ship with ovpipe, served by name."""
