"""Runs that stop themselves at one exact moment, a fault point of src/base/fault.h."""
from support.process import state_of
from support.servers import wait_until


def points_passed(project, *command, rc=0):
    """The fault points that the command passes, in order."""
    trace = project.root / "trace"
    trace.unlink(missing_ok=True)
    project.exits(rc, *command, env={"WHIMBREL_FAULT_TRACE": str(trace)})
    return trace.read_text().splitlines()


def stopped_at(project, point, *command):
    """A run that has stopped itself there; SIGCONT lets it go on."""
    running = project.start(*command, env={"WHIMBREL_FAULT": f"stop {point}"})
    wait_until(lambda: state_of(running.process.pid) == "T", f"stopped at {point}")
    return running
