"""Graphs and their runs, driven by an event loop."""
