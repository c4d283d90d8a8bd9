"""Processes: what they do, what they used, and waiting for them."""
import os
import pathlib
import re
import select
import time


def peak_memory(pid):
    """The largest resident memory of a living process in bytes, 0 when it is gone.

    Not ru_maxrss: that one counts the memory of the parent at the time of the fork too.
    """
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    peak = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(peak[1]) * 1024 if peak else 0


def state_of(pid):
    """"T" when it is stopped, "Z" when it has ended and nobody has seen to it, "" when it is gone; see proc(5)."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def alive(pid):
    return state_of(pid) not in ("", "Z")


class Usage:
    def __init__(self, seconds, cpu_seconds, peak):
        self.seconds, self.cpu_seconds, self.peak = seconds, cpu_seconds, peak


def wait_with_usage(process, timeout=None):
    """Waits for a subprocess.Popen; returns its Usage, or None when it still runs after `timeout`."""
    start, peak = time.monotonic(), 0
    ended = os.pidfd_open(process.pid)
    try:
        while not select.select([ended], [], [], 0.02)[0]:
            peak = max(peak, peak_memory(process.pid))
            if timeout is not None and time.monotonic() - start > timeout:
                return None
        seconds = time.monotonic() - start
    finally:
        os.close(ended)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(seconds, used.ru_utime + used.ru_stime, peak)
