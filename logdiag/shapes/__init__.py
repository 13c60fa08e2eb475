"""Writes the shapes of records that no rule and no alarm knows, for the authors of the rules.

`words` says which words of a text may stay, `count` counts records by their shapes, `jsonl` renders the file.
"""

from logdiag.shapes.count import Shape, Shapes, count_shapes
from logdiag.shapes.jsonl import render_lines

__all__ = ["Shape", "Shapes", "count_shapes", "render_lines"]
