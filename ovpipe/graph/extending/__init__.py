"""A graph that extends another: it is put together from both files before anything is wired."""

from ovpipe.graph.extending.chain import put_together, read_whole

__all__ = ["put_together", "read_whole"]
