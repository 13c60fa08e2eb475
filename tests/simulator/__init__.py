"""A simulator of Expressway clusters, with ground truth and a score. For tests; it is not shipped.

A scenario (`scenarios/`) makes a cluster (`cluster.py`), injects faults (`faults.py`, `work.py`) into a
discrete-event world (`world.py`) and says what a good diagnosis of it is (`truth.py`). The world's
peers log (`records.py`, `noise.py`) and hand over snapshots (`bundles.py`, `dumps.py`). `score.py`
compares what logdiag says with the truth. A seed decides names, order, jitter and lengths.
"""
