"""``python -m tests.simulator``: the score."""

from .score import main

raise SystemExit(main())
