"""Rows compressed while they are made: a thread deflates what is written, and the pieces become members of the archive as they are.

The processor that makes rows need not wait for the one that compresses them. The bytes do not depend on which is faster.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

LEVEL = 6
CHUNK = 1 << 18
"""Bytes that are gathered before they are compressed."""
_MOST_WAITING = 8
"""Chunks that may wait for the thread; then whoever writes waits for it, and memory stays flat."""
_RAW = -15
"""Window of a stream without a head of its own, as members of an archive are."""
_POLYNOMIAL = 0xEDB88320

compressobj: Callable[[int, int, int], Any] = zlib.compressobj
"""What makes a compressor of (level, method, window). Another one of the same shape may be put here to compare."""


def start_compressing() -> ThreadPoolExecutor:
    """The thread for the pieces of one archive; its maker ends it."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="deflate")


class Deflated:
    """A piece of a member: what is written to it stands compressed in `file`, an empty temporary file that its maker closes.

    A piece ends on a whole byte, so that pieces one after the other are one stream; the `last` one ends the stream.
    """

    def __init__(self, file: IO[bytes], thread: ThreadPoolExecutor) -> None:
        self.file, self.size, self.crc = file, 0, 0
        self._thread, self._deflate = thread, compressobj(LEVEL, zlib.DEFLATED, _RAW)
        self._gathered: list[bytes] = []
        self._length = 0
        self._waiting: list[Future[None]] = []

    def write(self, data: bytes) -> None:
        """Add to the end of the piece."""
        self._gathered.append(data)
        self._length += len(data)
        if self._length >= CHUNK:
            self._hand_over()

    def close(self, *, last: bool = False) -> None:
        """Wait until everything is compressed. Raises OSError when the file could not be written."""
        self._hand_over()
        for future in self._waiting:
            future.result()
        self.file.write(self._deflate.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH))

    def _hand_over(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._length = 0
        while len(self._waiting) >= _MOST_WAITING:
            self._waiting.pop(0).result()
        self._waiting.append(self._thread.submit(self._compress, data))

    def _compress(self, data: bytes) -> None:
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        self.file.write(self._deflate.compress(data))


def write_member(archive: ZipFile, info: ZipInfo, pieces: Sequence[Deflated]) -> None:
    """Put closed pieces into the archive as one member. `info` says its name and time."""
    sizes = [piece.file.seek(0, 2) for piece in pieces]
    info.compress_type, info.compress_size, info.file_size = (
        ZIP_DEFLATED,
        sum(sizes),
        sum(piece.size for piece in pieces),
    )
    info.CRC = 0
    for piece in pieces:
        info.CRC = combined_crc(info.CRC, piece.crc, piece.size)
    # The standard library compresses members itself and has no way in for finished ones but these four lines.
    target: Any = archive
    info.header_offset = target.fp.tell()
    target.fp.write(info.FileHeader())
    for piece in pieces:
        piece.file.seek(0)
        shutil.copyfileobj(piece.file, target.fp, CHUNK)
    target.filelist.append(info)
    target.NameToInfo[info.filename] = info
    target.start_dir, target._didModify = target.fp.tell(), True


def combined_crc(first: int, second: int, length: int) -> int:
    """The CRC-32 of two byte strings one after the other, from that of each and the length of the second in bytes.

    Appending a zero bit is a linear map over the field of two elements; its square appends two, and so on (ISO 3309).
    """
    one_bit = [_POLYNOMIAL, *(1 << place for place in range(31))]
    zeros = _squared(_squared(_squared(one_bit)))  # one byte
    while length:
        if length & 1:
            first = _times(zeros, first)
        zeros = _squared(zeros)
        length >>= 1
    return first ^ second


def _times(matrix: Sequence[int], vector: int) -> int:
    found, place = 0, 0
    while vector:
        if vector & 1:
            found ^= matrix[place]
        vector >>= 1
        place += 1
    return found


def _squared(matrix: Sequence[int]) -> list[int]:
    return [_times(matrix, row) for row in matrix]
