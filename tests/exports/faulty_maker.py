"""`python -m tests.exports.faulty_maker KIND FOLDER`: the process that makes a workbook, with a fault in it.

`stuck`: at the first State it says so by a file in FOLDER and waits to be killed; when that file exists already it does its work.
`crash`: it ends in the middle, always. `full`: the disk is full when the sheets are put together.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from exports import maker
from exports.formats import FORMATS
from exports.settings import WORKBOOK
from exports.workbook import write_workbook

KIND, FOLDER = sys.argv[1], Path(sys.argv[2])


def write(target: Any, source: Any, language: str, *, rehearsal: bool = False, progress: Any = None) -> Any:
    """Write the workbook with the fault."""
    target.write(b"half a file")
    target.flush()
    if KIND == "crash":
        os._exit(9)
    if KIND == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    begun = FOLDER / "begun"
    if not begun.exists():
        progress()
        begun.touch()
        time.sleep(600)
    target.seek(0)
    target.truncate()
    return write_workbook(target, source, language, rehearsal=rehearsal, progress=progress)


if __name__ == "__main__":
    with patch.dict(FORMATS, {WORKBOOK: replace(FORMATS[WORKBOOK], write=write)}):
        sys.exit(maker.main())
