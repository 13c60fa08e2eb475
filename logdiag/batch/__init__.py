"""Many clusters in one go: a report each, a dataset of all findings, and a page that leads to them.

find -> jobs -> an engine does each by `work` -> dataset -> index page. A job is what lies together in
folders, a cluster as a rule; it is the unit of work, of failure and of going on after a kill.
"""
