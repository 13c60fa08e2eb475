"""A diagnosis for machines that watch: JUnit, SARIF, GitHub, and what is new since an older one.

Each module returns text or a diagnosis; none opens a file.
"""
