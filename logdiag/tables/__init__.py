"""Tables for files: the columns of findings, and the formats that a table is written in."""
