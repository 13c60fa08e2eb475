"""The shapes of records that nothing here knows, to send to those who write the rules.

`words` says what of a text may stay, `grouped` counts records by what stays of them, `near`
says which rules may mean them, `written` is the file.
"""

from logdiag.shapes.count import Shape, Shapes, shapes
from logdiag.shapes.jsonl import written

__all__ = ["Shape", "Shapes", "shapes", "written"]
