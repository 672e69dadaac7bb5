"""A started command of the application, its output while it runs, and its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading

from settings import ROOT

PATIENCE = 60.0
"""Seconds for what takes two on a quiet computer."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """`python …` in the folder of the project, with these settings and none of the tester's own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKER_", "DATABASE_URL"))}
        self.environment = {**clean, "PYTHONUNBUFFERED": "1", **environment}
        self.output: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.output += iter(self.process.stdout)

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return "".join(self.output)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
