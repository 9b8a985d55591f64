from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from aln_desk.domain.messages import Failed, Finished, Message, Note, Prefer, Progress
from aln_desk.gui.child_process import ChildProcess

SAY = "import sys; from aln_desk.domain.messages import *\ndef say(m): print(to_line(m), flush=True)\n"


class Heard:
    def __init__(self, child: ChildProcess) -> None:
        self.messages: list[Message] = []
        self.ends: list[tuple[bool, str]] = []
        child.message.connect(self.messages.append)
        child.finished.connect(lambda ok, sentence: self.ends.append((ok, sentence)))


def python(code: str) -> ChildProcess:
    return ChildProcess("The training", ["-c", SAY + code], command=[sys.executable])


def run(qtbot: QtBot, child: ChildProcess) -> Heard:
    heard = Heard(child)
    with qtbot.waitSignal(child.finished, timeout=20_000):
        child.start()
    return heard


def test_messages_come_in_order_and_prints_of_others_are_ignored(qtbot: QtBot) -> None:
    heard = run(qtbot, python("print('a library speaks'); say(Note('größe µ')); say(Progress('mtl', 1, 2))"))
    assert heard.messages == [Note("größe µ"), Progress("mtl", 1, 2)]
    assert heard.ends == [(True, "")]


def test_lines_written_in_pieces_and_without_a_last_newline_are_whole(qtbot: QtBot) -> None:
    code = """
import time
data = to_line(Note('größe ' * 50)).encode()
for k in range(0, len(data), 7):
    sys.stdout.buffer.write(data[k:k+7]); sys.stdout.buffer.flush(); time.sleep(0.001)
"""
    assert run(qtbot, python(code)).messages == [Note("größe " * 50)]


def test_many_messages_at_once_all_arrive(qtbot: QtBot) -> None:
    heard = run(qtbot, python("for k in range(5000): print(to_line(Progress('mtl', k, 5000)))"))
    assert [message.done for message in heard.messages if isinstance(message, Progress)] == list(range(5000))


def test_a_failed_message_is_the_sentence(qtbot: QtBot) -> None:
    heard = run(qtbot, python("say(Failed('No outcomes in this project.')); sys.exit(1)"))
    assert heard.messages == [Failed("No outcomes in this project.")]
    assert heard.ends == [(False, "No outcomes in this project.")]


def test_a_traceback_becomes_a_sentence_with_its_last_line(qtbot: QtBot) -> None:
    child = python("raise RuntimeError('out of memory')")
    assert run(qtbot, child).ends == [
        (False, "The training ended with an error (exit code 1): RuntimeError: out of memory.")
    ]
    assert "Traceback" in child.log


def test_the_command_lines_own_sentence_is_shown_as_it_stands(qtbot: QtBot) -> None:
    heard = run(qtbot, python("sys.exit('aln-desk: Project P: no images. Import some.')"))
    assert heard.ends == [(False, "Project P: no images. Import some.")]


def test_a_clean_stop_is_no_failure_whatever_its_exit_code(qtbot: QtBot) -> None:
    assert run(qtbot, python("say(Finished(stopped=True)); sys.exit(130)")).ends == [(True, "")]


def test_a_silent_failure_still_has_a_sentence(qtbot: QtBot) -> None:
    (ok, sentence), *more = run(qtbot, python("sys.exit(3)")).ends
    assert not ok and not more
    assert "exit code 3" in sentence


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_killed_child_is_told_from_an_error(qtbot: QtBot) -> None:
    (ok, sentence), *more = run(qtbot, python("import os; os.kill(os.getpid(), 9)")).ends
    assert not ok and not more
    assert "abruptly" in sentence and "memory" in sentence


def test_a_program_that_does_not_exist_ends_in_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    child = ChildProcess("The training", [], command=[str(tmp_path / "absent")])
    (ok, sentence), *more = run(qtbot, child).ends
    assert not ok and not more
    assert sentence.startswith("The training could not be started")


def test_the_child_hears_what_is_sent_and_ends_when_its_input_closes(qtbot: QtBot) -> None:
    child = python("for line in sys.stdin: say(Note(from_line(line).patient))\nsay(Finished(digest='d'))")
    heard = Heard(child)
    child.start()
    assert child.send(Prefer("P-1"))
    qtbot.waitUntil(lambda: heard.messages == [Note("P-1")], timeout=20_000)
    child.close_input()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert heard.messages[1:] == [Finished(digest="d")]
    assert heard.ends == [(True, "")]
    assert not child.send(Prefer("P-2"))


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); say(Note('up')); time.sleep(600)"


def test_stop_ends_even_a_child_that_does_not_listen(qtbot: QtBot) -> None:
    child = python(STUBBORN)
    heard = Heard(child)
    child.start()
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=20_000)
    child.stop(grace_ms=50)
    assert child.running
    qtbot.waitUntil(lambda: not child.running, timeout=20_000)
    assert [ok for ok, _ in heard.ends] == [False]


def test_shut_down_returns_only_when_the_child_is_gone(qtbot: QtBot) -> None:
    child = python(STUBBORN)
    heard = Heard(child)
    child.start()
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=20_000)
    child.shut_down(grace_ms=50)
    assert not child.running
    assert len(heard.ends) == 1


def test_a_child_can_be_started_again_with_a_clean_record(qtbot: QtBot, tmp_path: Path) -> None:
    once = tmp_path / "once"
    child = python(
        f"import pathlib; p = pathlib.Path({str(once)!r})\n"
        "if p.exists(): say(Note('second'))\n"
        "else: p.touch(); say(Failed('first'))"
    )
    assert run(qtbot, child).ends == [(False, "first")]
    assert run(qtbot, child).ends == [(True, "")]


def test_stop_and_shut_down_of_a_child_never_started_do_nothing(qtbot: QtBot) -> None:
    child = python("")
    child.stop()
    child.shut_down()
    assert not child.running
