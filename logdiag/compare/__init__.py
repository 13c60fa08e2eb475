"""Compares two diagnoses: a baseline, or the difference of two findings files."""
