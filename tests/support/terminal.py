"""Runs of the program on a terminal of its own."""
import os
import pty
import select
import subprocess
import time

from support.project import BINARY, clean_environment
from support.servers import die_with_parent

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class OnTerminal:
    """Beside ServerTest."""

    def run_on_terminal(self, project, *args, env=None, stop=None, answer=None):
        """Runs whimbrel on a terminal of its own; returns the exit code and all that it wrote there.

        `stop(said)` is asked after each piece; once it returns a signal, that is sent. So is `answer(said)`, whose
        line is typed.
        """
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [BINARY, *args], cwd=project.root, stdin=theirs, stdout=theirs, stderr=theirs,
            env=clean_environment({"TERM": "xterm-256color", **(env or {})}), preexec_fn=die_with_parent)
        os.close(theirs)
        self.addCleanup(process.kill)
        said, sent, answered, deadline = b"", False, False, time.monotonic() + 120
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            said += piece
            if stop and not sent:
                number = stop(said.decode(errors="replace"))
                if number:
                    process.send_signal(number)
                    sent = True
            if answer and not answered:
                line = answer(said.decode(errors="replace"))
                if line is not None:
                    os.write(ours, f"{line}\n".encode())
                    answered = True
        os.close(ours)
        return process.wait(10), said.decode(errors="replace")

    def check_cursor(self, said):
        self.assertGreaterEqual(said.rfind(SHOW), said.rfind(HIDE), "the cursor is shown again at the end")
