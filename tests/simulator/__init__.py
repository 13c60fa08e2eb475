"""A simulator of Expressway clusters with known truth, and a score of the diagnosis. It is not shipped.

A scenario (`scenarios/`) makes a cluster (`cluster.py`), injects faults and work (`faults.py`, `requested_work.py`)
into a discrete-event world (`world.py`), and states the right diagnosis (`truth.py`). The peers of the world write
logs (`records.py`, `noise.py`) and snapshots (`bundles.py`, `dumps.py`). `judge.py` compares a diagnosis with the
truth, and `score.py` adds up the verdicts. A seed selects names, order, jitter and lengths.
"""
