"""Arrow tables of findings and coverage, and the file formats of tables."""
