"""Real processes that are killed, stopped and waited for: what was done is kept, and going on changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked import job, record, same_parameters, trained
from dying_run import OPTIONS

from aln_desk.io.checkpoint import load_tensors
from aln_desk.io.project import Project
from aln_desk.io.runs import Run, read_runs, state_of
from training.threads import working_in

HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parents[1]))),
    "OMP_NUM_THREADS": "1",
}
WORDS = ("--preset", "tiny", "--set", "mtl.batch=2", "--set", "mil.epochs=2", "--device", "cpu")


def only_run(study: Path) -> Run:
    with Project.open(study) as project:
        (run,) = read_runs(project.runs)
    return run


def killed(study: Path, place: str) -> None:
    child = subprocess.run([sys.executable, HERE / "dying_run.py", study, place], env=ENVIRONMENT, timeout=250)
    assert child.returncode == -signal.SIGKILL


@pytest.mark.usefixtures("thin_network")
@pytest.mark.parametrize(
    "place",
    ["stage 1", *(pytest.param(p, marks=pytest.mark.slow) for p in ("checkpoint", "tokens", "stage 2", "model"))],
)
def test_a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_model(study: Path, place: str) -> None:
    killed(study, place)
    run = only_run(study)
    assert state_of(run) == "interrupted"
    steps = {"stage 1": ("mtl", 2), "checkpoint": ("mtl", 2), "stage 2": ("mil", 3)}
    if place in steps:  # one step before the end: checkpoints are made after every one here
        stage, step = steps[place]
        assert load_tensors(run.folder / f"{stage}.safetensors")["step"] == [step]
    with working_in(2):  # the killed process worked in one
        resumed = trained(job(study, resume=""))
        assert only_run(study).state == "finished"
        assert same_parameters(resumed, trained(job(study, *OPTIONS, like=run.name)))


@pytest.mark.slow
@pytest.mark.usefixtures("thin_network")
def test_a_run_that_is_killed_after_its_end_stays_finished(study: Path) -> None:
    killed(study, "finished")
    run = only_run(study)
    assert run.state == "finished"
    assert (Path(run.model) / "manifest.json").exists()
    assert same_parameters(Path(run.model), trained(job(study, resume=run.name)))


# The command line as the window uses it


def start(*words: object, program: tuple[str, ...] = ("-m", "aln_desk")) -> subprocess.Popen[str]:
    command = [sys.executable, *program, *map(str, words)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=ENVIRONMENT, **pipes)


def next_event(child: subprocess.Popen[str], kind: str, stage: str = "") -> dict[str, Any]:
    """The next message of that kind; fails at the end of its output."""
    assert child.stdout is not None
    for line in child.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == kind and event.get("stage", "") == stage:
            return event
    raise AssertionError(f"no {kind} came")


@pytest.mark.slow
def test_a_run_is_handed_to_another_process_that_waits_for_it(study: Path) -> None:
    steps = ("--set", "mtl.iterations=100", "--set", "mtl.validate_every=100")
    first = start("train", "all", study, *WORDS, *steps, "--events", "--stop-with-stdin")
    second = None
    try:
        name = next_event(first, "Started")["run"]
        second = start("train", "all", study, "--resume", name, "--wait", "--events", "--device", "cpu")
        next_event(first, "Curve", "mtl")
        assert first.stdin is not None
        first.stdin.close()
        assert next_event(first, "Finished")["stopped"]
        assert first.wait(timeout=60) == 130
        assert next_event(second, "Started")["run"] == name
        resumed = Path(next_event(second, "Finished")["model"])
        assert second.wait(timeout=60) == 0
    finally:
        first.kill()
        if second is not None:
            second.kill()
    assert only_run(study).state == "finished"
    assert same_parameters(resumed, trained(job(study, settings=(), like=name)))


TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "aln_desk")


@pytest.mark.slow
def test_torchrun_trains_what_a_lone_process_does(study: Path) -> None:
    # In full precision: bfloat16 rounds a part of a batch another way than the whole.
    changes = ("--set", "mtl.iterations=6", "--set", "mtl.precision=float32", "--seeds", "0,1")
    together = start("train", "all", study, *WORDS, *changes, "--events", program=TORCHRUN)
    try:
        models = [Path(next_event(together, "Finished")["model"]) for _ in range(2)]
        assert together.wait(timeout=120) == 0
    finally:
        together.kill()
    assert record(study)["device"] == "cpu x 2"
    for seed, model in enumerate(models):
        changed = {"mtl.batch": "2", "mil.epochs": "2", "mtl.iterations": "6", "mtl.precision": "float32", "seed": seed}
        settings = tuple((key, str(value)) for key, value in changed.items())
        alone = trained(job(study, settings=settings))
        one, other = (load_tensors(folder / "mtl.safetensors") for folder in (model, alone))
        for name in one:
            assert np.allclose(one[name], other[name], atol=1e-4), name


@pytest.mark.slow
def test_torchrun_is_stopped_cleanly_and_goes_on_alone(study: Path) -> None:
    together = start("train", "mtl", study, *WORDS, "--set", "mtl.iterations=4000", "--events", program=TORCHRUN)
    try:
        next_event(together, "Curve", "mtl")
        together.send_signal(signal.SIGTERM)
        assert next_event(together, "Finished")["stopped"]
        together.wait(timeout=120)
    finally:
        together.kill()
    run = only_run(study)
    assert state_of(run) == "stopped"
    step = int(load_tensors(run.folder / "mtl.safetensors")["step"][0])
    assert 0 < step < 4000
    alone = start("train", "mtl", study, "--resume", run.name, "--events", "--stop-with-stdin", "--device", "cpu")
    try:
        assert next_event(alone, "Curve", "mtl")["step"] > step
    finally:
        alone.kill()
        alone.wait(timeout=60)
