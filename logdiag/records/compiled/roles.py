"""What the terminals of the grammar mean to the compiled reader, as numbers."""

(OTHER, START, BSD_START, HOST, PROCESS, SUBPROCESS, SYSLOG, NAME) = range(8)
(PAIR, KEY, UTC_TIME, VALUE, TEXT, LINE, ORPHAN) = range(8, 15)

ROLES = {
    terminal: role
    for role, terminals in {
        START: ("TIME", "PASTED_TIME"),
        BSD_START: ("BSD_TIME",),
        HOST: ("HOST",),
        PROCESS: ("PROCESS", "PROCESS_AGAIN"),
        SUBPROCESS: ("SUBPROCESS",),
        SYSLOG: ("SYSLOG",),
        NAME: ("NAME",),
        PAIR: ("PAIR",),
        KEY: ("KEY",),
        UTC_TIME: ("UTC_TIME",),
        VALUE: ("VALUE", "VALUE_END"),
        TEXT: ("TEXT", "MESSAGE_TEXT", "BLANK"),
        LINE: ("EOL", "BODY", "BODY_MESSAGE", "VALUE_LINE"),
        ORPHAN: ("ORPHAN",),
    }.items()
    for terminal in terminals
}
"""Terminal to role; other terminals separate pairs and mean nothing."""
