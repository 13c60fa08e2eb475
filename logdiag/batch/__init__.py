"""Many clusters in one run: a report each, a dataset of all findings, and an index page.

find jobs -> an engine calls `run_job` for each -> dataset -> index page. A job is the snapshots that lie
together, usually of one cluster. It is the unit of work, of failure, and of continuing after a kill.
"""
