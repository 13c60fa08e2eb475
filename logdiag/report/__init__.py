"""Renders a diagnosis: one module for each output, each a pure function from ``Diagnosis`` to text."""
