"""The comparisons are tested with the diagnoses that the reports are tested with."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
