"""Print the score: ``python -m tests.simulator``."""

from .score import main

raise SystemExit(main())
