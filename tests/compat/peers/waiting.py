"""Waiting for what has to happen."""
import time


def wait_for(what, look, patience=30):
    """Looks until there is something to see (a true value) and answers it."""
    deadline = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < deadline, f"waited {patience} s in vain for {what}"
        time.sleep(0.05)
    return seen
