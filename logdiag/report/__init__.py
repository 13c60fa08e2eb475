"""Telling a diagnosis: one module an output, each a pure function from ``Diagnosis`` to text."""
