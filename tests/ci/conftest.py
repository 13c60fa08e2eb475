"""The diagnoses made by hand for the report are those that CI's outputs are tried with, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
