"""Checked before the environment is made: the Python version and ensurepip, each with its remedy."""

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        f"Python 3.11, 3.12 or 3.13 is needed; this is {sys.version.split()[0]}. "
        "Remedy: install one of them and run `make run PYTHON=python3.12`."
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "This Python has no ensurepip, so no environment can be made. Remedy on Debian and Ubuntu: "
        f"apt install python3.{sys.version_info[1]}-venv"
    )
