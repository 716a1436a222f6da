"""Drawing: a plan as a picture of boxes and arrows, and the picture as SVG, Mermaid, DOT or text."""

from ovpipe.graph.drawing.dot import dot
from ovpipe.graph.drawing.mermaid import mermaid
from ovpipe.graph.drawing.picture import Picture, picture_of
from ovpipe.graph.drawing.svg import svg
from ovpipe.graph.drawing.terminal import terminal

__all__ = ["Picture", "picture_of", "svg", "mermaid", "dot", "terminal"]
