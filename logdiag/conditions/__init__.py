"""Conditions over records: what a rule writes, and which rows it means.

A map is *and*, a list is *or*; ``any`` needs one condition of its list, ``not`` the
opposite of its condition. A key is a key of the record (``Node[2]`` is its second value) or a column.
Texts are compared without case, as in Sigma. Regular expressions are RE2, which takes linear time.
"""

from logdiag.conditions.log import Log, Rows, holds
from logdiag.conditions.modifiers import check_extraction, check_regular_expression
from logdiag.conditions.parse import (
    AllOf,
    AnyOf,
    Condition,
    ConditionError,
    Not,
    Reference,
    Test,
    any_of,
    compile_condition,
    compile_event,
    find_mistakes,
    find_references,
)

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "ConditionError",
    "Log",
    "Not",
    "Reference",
    "Rows",
    "Test",
    "any_of",
    "check_extraction",
    "check_regular_expression",
    "compile_condition",
    "compile_event",
    "find_mistakes",
    "find_references",
    "holds",
]
