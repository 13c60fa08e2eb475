"""The rule engine: load and check rules, match them, resolve their remedies.

A rule is a YAML file: `schema` says what it may hold, `library` loads a folder of them and reports
every mistake at once. `events` finds the records that a rule means, `time_logic` is the meaning of each
kind of match in time, `episodes` gives each answer its state, `findings` its evidence and words;
`remedies` and `roles` resolve procedures to peers. `cases`, `lint` and
`page` are for the people who write rules.
"""
