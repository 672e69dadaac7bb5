"""Mutants of sound workbooks given to the bounded reader, very many in one process that is limited as the reader's own is.

A program: `python -m tests.imports.mutants SEED COUNT FILE …` reads the sound workbooks, and prints as JSON how often each code came out,
which exceptions stood behind *damaged*, the peak of memory and the longest time of one mutant. It needs the standard library alone.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from imports.workbook_package import Limits, Refused
from imports.workbook_reader import KINDS, MOST_COLUMNS, MOST_ROWS, limit_process, read

PIECES = (
    b"<", b">", b"</", b"/>", b"&", b"&#0;", b"&#xD800;", b"&a;", b"<!DOCTYPE w>", b"<![CDATA[", b"]]>", b"<!--", b"<?x?>", b'"', b"\x00", b"\xff\xfe",
    b"<row>", b"</row>", b"<c>", b"</c>", b"<v>", b"</v>", b"<f>", b"<is>", b"<t>", b't="s"', b't="inlineStr"', b' r="XFE1"', b' r="A0"', b"-1", b"1e999", b"NaN",
    b"4294967295", b"9" * 400, b"_x0000_", b"_xD83D_", b"encoding=\"utf-16\"", b'TargetMode="External"', b"../../", b"vbaProject.bin",
)  # fmt: skip
"""What is put in between: what means something to whoever reads XML, archives or workbooks."""


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes changed in one to six places: a bit, a byte, a piece left out, doubled, put elsewhere or put in between."""
    changed = bytearray(data)
    for _number in range(rng.randint(1, 6)):
        if not changed:
            break
        place, length = rng.randrange(len(changed)), rng.choice((1, 2, 4, 8, 30, 200))
        match rng.randrange(7):
            case 0:
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                changed[place] = rng.randrange(256)
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = changed[place : place + length]
            case 4:
                piece = changed[place : place + length]
                other = rng.randrange(len(changed))
                changed[other:other] = piece
            case 5:
                changed[place:place] = rng.choice(PIECES)
            case _:
                changed[place : place + 4] = rng.choice(
                    (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"PK\x05\x06", b"PK\x01\x02")
                )
    return bytes(changed)


def mutant(data: bytes, rng: random.Random) -> bytes:
    """A workbook of which the archive is damaged, or a member of a sound archive; one time in ten both."""
    if rng.random() < 0.7:
        target = BytesIO()
        with (
            ZipFile(BytesIO(data)) as sound,
            warnings.catch_warnings(),
            ZipFile(target, "w", ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            warnings.simplefilter("ignore")
            names = sound.namelist()
            hit = {rng.choice(names) for _number in range(rng.randint(1, 2))}
            for name in names:
                content = sound.read(name)
                if name in hit and rng.random() < 0.05:
                    continue
                archive.writestr(name, mutated(content, rng) if name in hit else content)
        data = target.getvalue()
        if rng.random() < 0.9:
            return data
    return mutated(data, rng)


def check(line: Any) -> None:
    """What the reader hands on is of the form it promises, whatever it read."""
    if isinstance(line, list | tuple):
        row, columns, kinds, texts = line
        assert 1 <= row <= MOST_ROWS
        assert len(columns) == len(kinds) == len(texts)
        assert list(columns) == sorted(set(columns))
        assert all(1 <= column <= MOST_COLUMNS for column in columns)
        assert all(kind.removeprefix("f") in KINDS.values() for kind in kinds)
    json.dumps(line)


def run(seed: int, count: int, sound: list[bytes]) -> dict[str, Any]:
    """Read so many mutants. Raises whatever is no refusal and no ordinary error of a broken file."""
    rng = random.Random(seed)
    limits = Limits(seconds=1_000_000)
    codes: Counter[str] = Counter()
    behind: Counter[str] = Counter()
    longest = 0.0
    for number in range(count):
        data = mutant(rng.choice(sound), rng)
        begun = time.process_time()
        try:
            read(BytesIO(data), limits, (), check)
            codes["read"] += 1
        except Refused as refusal:
            codes[refusal.code] += 1
        except (AssertionError, MemoryError, RecursionError):
            sys.stderr.write(f"mutant {number} of seed {seed}, sum {zlib.crc32(data)}\n")
            raise
        except Exception as error:  # the reader's `main` makes "damaged" of these
            codes["damaged"] += 1
            behind[type(error).__name__] += 1
        longest = max(longest, time.process_time() - begun)
    peak = next(
        (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")),
        "0",
    )
    return {"codes": codes, "behind": behind, "peak": int(peak) / 1024, "longest": longest, "count": count}


if __name__ == "__main__":
    limit_process(Limits(seconds=100_000))
    given = sys.argv[1:]
    print(json.dumps(run(int(given[0]), int(given[1]), [Path(name).read_bytes() for name in given[2:]])))
