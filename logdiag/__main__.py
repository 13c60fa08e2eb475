"""``python -m logdiag``."""

import sys

# Python puts the current folder first; a module that lies among the evidence must not be imported.
if not sys.flags.safe_path:
    del sys.path[0]

from logdiag.cli import main

main()
