"""Time from starting the process to a usable window, warm: ``python tests/benchmarks/startup.py [PROJECT]``.

"Usable" is a shown window that has painted and answers events, with the project (when one is given) open and its
first patient on screen. The first run warms the disk cache and is not counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

RUNS = 7
CHILD = """
import sys, time
from pathlib import Path
from aln_desk import app
from aln_desk.gui import tasks
window = app.window(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
window.show()
app.application().processEvents()
print(time.time())
tasks.wait_all()  # h5py must not be half imported when Python ends
"""


def seconds(arguments: list[str]) -> float:
    """One start, measured from before the process exists to the painted window."""
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, env=environment, check=True
    )
    return float(done.stdout.split()[-1]) - began


def main() -> None:
    """Print every run and the median."""
    times = [seconds(sys.argv[1:]) for _ in range(RUNS + 1)][1:]
    print("start to usable window:", " ".join(f"{one:.2f}" for one in times), "s")
    print(f"median {statistics.median(times):.2f} s (wanted: under 1.0 s)")


if __name__ == "__main__":
    main()
