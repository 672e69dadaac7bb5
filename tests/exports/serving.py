"""`python -m tests.exports.serving URL INSTANCE COMMAND...`: a server's maker of workbooks, to be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from exports.worker import ExportWorker
from models.database import Database
from settings import Settings

if __name__ == "__main__":
    url, instance, *command = sys.argv[1:]
    ExportWorker(Database(url, threads=2), Settings(instance=Path(instance)), every=0.1, command=command).run()
