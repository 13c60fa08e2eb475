"""The corpus: inputs that want to do harm, made on the fly."""

import of_folders
import of_zips
from case import Case
from of_streams import of_streams
from of_tars import of_tars
from of_texts import of_disguises, of_dumps, of_logs
from of_ways_out import WAYS_OUT

CASES: dict[str, Case] = {
    case.name: case
    for cases in (
        WAYS_OUT,
        of_tars(),
        of_streams(),
        of_zips.cases(),
        of_logs(),
        of_disguises(),
        of_dumps(),
        of_folders.cases(),
    )
    for case in cases
}
"""All cases by their names."""
