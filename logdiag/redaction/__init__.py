"""What says who the customer is, found in texts and replaced by words that say what stood there.

`redactor` finds literals and replaces them, in any text; `diagnosis` walks a `Diagnosis` with it;
`scan` looks for what is left in an output. Everything that is replaced gets a token with a number:
the same literal the same one, in the order in which literals come up.
"""

from logdiag.redaction.diagnosis import redacted
from logdiag.redaction.redactor import Redactor
from logdiag.redaction.verify import Form, check

__all__ = ["Form", "Redactor", "check", "redacted"]
