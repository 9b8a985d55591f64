"""Stand-ins for ``aln-desk train``: they write a run's folder and speak as the real one, and learn nothing.

What they do is told by the file ``mode`` in the project: finish, wait (until stdin closes), refuse, or fail.
"""

from __future__ import annotations

import sys

CHILD = """
import json, pathlib, sqlite3, sys, time
from aln_desk.domain.messages import *
words = sys.argv[1:]
project = pathlib.Path(words[2])
mode = (project / "mode").read_text() if (project / "mode").exists() else "finish"
with (project / "asked").open("a") as asked: asked.write(" ".join(words) + "\\n")
if mode == "refuse":
    sys.exit("aln-desk: There is no memory left; close other programs.")
def given(flag, default=""): return words[words.index(flag) + 1] if flag in words else default
(project / "runs").mkdir(exist_ok=True)
number = len(list((project / "runs").iterdir()))
name = given("--resume") or f"2026030{number + 4}-101010-tiny"
run = project / "runs" / name
run.mkdir(parents=True, exist_ok="--resume" in words)
lock = sqlite3.connect(run / "lock", timeout=60 if "--wait" in words else 0, isolation_level=None)
lock.execute("BEGIN EXCLUSIVE")
record = dict(run=name, preset="tiny", started=f"2026-03-0{number + 4}T10:10:10+00:00", state="running")
def write(**more): (run / "run.json").write_text(json.dumps({**record, **more}))
def say(m):
    line = to_line(m)
    with (run / "events.jsonl").open("a") as f: f.write(line + "\\n")
    print(line, flush=True)
def progress(m):
    (run / "progress.json").write_text(to_line(m))
    print(to_line(m), flush=True)
write()
say(Started(name, str(run), "cpu", "tiny"))
progress(Progress("mtl", 20, 60, 240.0))
say(Curve("mtl", "train", 20, {"loss": 1.5, "mask": 0.5, "lesion": 0.5, "status": 0.5}))
say(Curve("mtl", "validation", 20, {"dice": 0.7, "status_auc": None}))
say(Note("Tokens are ready."))
if mode == "fail":
    write(state="failed")
    say(Failed("The images cannot be read."))
    sys.exit(1)
if mode == "wait":
    if "--stop-with-stdin" in words:
        sys.stdin.read()
    while "--wait" in words and not (run / "stop").exists():
        time.sleep(0.05)
    write(state="stopped")
    say(Finished(stopped=True))
    sys.exit(130)
say(Curve("mil", "validation", 5, {"auc": 0.83, "loss": 0.6}))
manifest = project / "models/new/manifest.json"
digest = json.loads(manifest.read_text())["digest"] if manifest.exists() else "none"
model = str(manifest.parent) if manifest.exists() else ""
write(state="finished", model=model, digest=digest, figures={"auc": 0.83, "dice": 0.7, "threshold": 0.4})
say(Finished(model, digest, {"auc": 0.83}))
"""
COMMAND = (sys.executable, "-c", CHILD)

DEVICES = """
from aln_desk.domain.messages import *
print(to_line(Device("cuda", "NVIDIA H100 80GB HBM3", 80 * 2**30, 78 * 2**30)))
print(to_line(Device("cpu", "Processor · 4 cores", 23 * 2**30, 20 * 2**30)))
"""
DEVICE_COMMAND = (sys.executable, "-c", DEVICES)
