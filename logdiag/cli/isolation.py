"""Keep the current folder, in which the evidence often lies, from changing what runs."""

import os
import sys


def isolate() -> None:
    """Let neither this process nor those that it starts take code or settings from the current folder.

    Python puts the current folder first on the path of ``python -m`` and of every worker process
    (``python -c``); ``PYTHONSAFEPATH`` turns that off in what is started. Numba's variables are meant for
    other programs: some of them overwrite files or import modules.
    """
    sys.path[:] = [place for place in sys.path if place]
    os.environ["PYTHONSAFEPATH"] = "1"
    # Nothing here does linear algebra; its threads need memory, and end the process if there is too little.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in [name for name in os.environ if name.startswith("NUMBA_")]:
        del os.environ[name]
