"""The program of the core `graph`: the engine's process, whose step is a graph."""
