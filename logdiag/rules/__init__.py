"""The rule engine: load and check rules, match them, resolve their remedies.

A rule is a YAML file: `schema` says what it may contain, `library` loads a folder of rules and reports every
mistake at once. `events` finds the records that a rule means, `time_logic` is each kind of match in time,
`episodes` gives each answer its state, `findings` adds evidence and texts; `remedies` and `roles` resolve
procedures to peers. `cases`, `lint` and `reference` are for the people who write rules.
"""
