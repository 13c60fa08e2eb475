"""Replace what identifies the customer in diagnoses (`diagnosis`) and in snapshots (`snapshots`)."""

from logdiag.redaction.diagnosis import redacted
from logdiag.redaction.redactor import Redactor
from logdiag.redaction.verify import Form, check

__all__ = ["Form", "Redactor", "check", "redacted"]
