"""`python -m bench [NAME ...]`: run the benchmarks named, or all; print each ratio with its target."""

from __future__ import annotations

import sys
from importlib import import_module

MODULES: tuple[str, ...] = ("pages", "export", "saves")
"""Modules of this package; each has `run() -> Iterator[tuple[what, ratio, target]]`, the target as `<= 3.5` or `measured`."""


def main(names: list[str]) -> int:
    """Print the ratios; exit code 1 when one misses its target, 2 for an unknown name."""
    unknown = set(names) - set(MODULES)
    if unknown:
        print(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(MODULES)}.", file=sys.stderr)
        return 2
    missed = 0
    for name in names or MODULES:
        for what, ratio, target in import_module(f"bench.{name}").run():
            is_missed = target.startswith("<=") and ratio > float(target.removeprefix("<="))
            missed += is_missed
            print(f"{ratio:8.2f}  {target:<10} {'MISSED ' if is_missed else ''}{what}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
