"""Processes that do not outlive the tests."""
import subprocess


def start(command, **options):
    """Also when the tests are killed, and so clean up nothing, the kernel ends the process."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, text=True, **options)
