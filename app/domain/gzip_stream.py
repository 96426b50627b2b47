"""Reading what a gzip file holds, forwards only and in bounded memory (RFC 1952)."""

import zlib
from typing import IO

from app.domain.archive_limits import Expansion
from app.domain.malformed import Malformed

_READ = 64 * 1024
_BLOCK = 128 * 1024
# zlib reads the header and compares checksum and length at the end.
_GZIP = zlib.MAX_WBITS | 16


class GzipStream:
    """What the gzip file in `content` holds, counted by `expansion` while it is unpacked."""

    def __init__(self, content: IO[bytes], expansion: Expansion) -> None:
        self._content, self._expansion = content, expansion
        self._inflater = zlib.decompressobj(_GZIP)
        self._pending = b""
        self._block, self._at = b"", 0

    def read_some(self, size: int) -> bytes:
        """Return at least one and at most `size` bytes; none only at the end.

        :raises Malformed: if the gzip file is damaged, cut off, or has something behind it.
        :raises BadFile: if it unpacks to too much.
        """
        if self._at == len(self._block):
            self._block, self._at = self._unpack(), 0
        some = self._block[self._at : self._at + size]
        self._at += len(some)
        return some

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes.

        :raises Malformed: if there are fewer.
        """
        taken = self.read_some(size)
        if len(taken) < size:
            parts = [taken]
            while size := size - len(parts[-1]):
                parts.append(self._some(size))
            taken = b"".join(parts)
        return taken

    def skip(self, size: int) -> None:
        """Go `size` bytes forwards.

        :raises Malformed: if there are fewer.
        """
        while size:
            size -= len(self._some(size))

    def _some(self, size: int) -> bytes:
        some = self.read_some(size)
        if not some:
            raise Malformed("it ends in the middle of a member")
        return some

    def _unpack(self) -> bytes:
        while not self._inflater.eof:
            self._pending = self._pending or self._content.read(_READ)
            # The checksum comes last, so there is input until the very end.
            if not self._pending:
                raise Malformed("its gzip stream is cut off")
            try:
                block = self._inflater.decompress(self._pending, _BLOCK)
            except zlib.error as error:
                raise Malformed(f"its gzip stream is damaged ({error})") from error
            self._pending = self._inflater.unconsumed_tail
            if block:
                self._expansion.add(len(block))
                return block
        # A second gzip member, too: some readers stop before it.
        if self._inflater.unused_data or self._content.read(1):
            raise Malformed("something follows its gzip stream")
        return b""
