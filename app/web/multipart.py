"""Multipart forms (RFC 7578) that carry one large file beside their fields.

Werkzeug's own reading of a form limits each field by itself, and one in URL encoding not at all:
many fields would fill the memory. So its decoder is used here with one limit for all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import request
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.errors import BadRequest, TooLarge

MAX_FIELD_BYTES = 16 * 1024 * 1024
"""Of all fields together: a few hundred bytes each, and a README of any length."""
MAX_PARTS = 10_000
_CHUNK = 64 * 1024
# What the decoder may hold back: the header of a part, of which each line takes a hundred times its
# bytes, and what stands before the first part or behind the last one.
_HELD_BACK = 2 * _CHUNK
# A smaller file stays in memory.
_SPOOLED = 512 * 1024


@dataclass
class SentForm:
    """The form of a request: its fields, and its one file, which must be named `file_field`.

    What was read before a fault is there too. Close it when done: the file may lie on disk.
    """

    file_field: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    filename: str = ""
    file: IO[bytes] | None = None
    _room: int = MAX_FIELD_BYTES

    def read(self, max_file_bytes: int) -> None:
        """Read the body of this request; the file then stands at its start.

        The body may have `max_file_bytes` and `MAX_FIELD_BYTES`; so the file may have a little more
        than it should.

        :raises BadRequest: if it is no such form, or damaged, or has another file.
        :raises TooLarge: if all fields together have more than `MAX_FIELD_BYTES`.
        :raises RequestEntityTooLarge: if the body has more than it may, or more parts, or anything
            but a file and fields is long.
        """
        request.max_content_length = max_file_bytes + MAX_FIELD_BYTES
        boundary = request.mimetype_params.get("boundary")
        if request.mimetype != "multipart/form-data" or not boundary:
            raise BadRequest(
                "The upload has no file: send it as a form of the type multipart/form-data, as"
                " publishing tools do."
            )
        try:
            self._take(_events(boundary.encode("ascii")))
        except ValueError as error:
            raise BadRequest(
                "The form is damaged or was cut off (RFC 7578); nothing was changed, send it again."
            ) from error
        if self.file is not None:
            self.file.seek(0)

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()

    def _take(self, events: Iterator[Event]) -> None:
        name, value = "", bytearray()
        in_file = False
        for event in events:
            if isinstance(event, File):
                in_file = True
                self._open(event)
            elif isinstance(event, Field):
                in_file = False
                name, value = event.name or "", bytearray()
                self._hold(len(name))
            elif isinstance(event, Data) and in_file and self.file is not None:
                self.file.write(event.data)
            elif isinstance(event, Data):
                self._hold(len(event.data))
                value += event.data
                if not event.more_data:
                    self.fields.setdefault(name, []).append(value.decode(errors="replace"))

    def _open(self, part: File) -> None:
        if part.name != self.file_field:
            shown = (part.name or "")[:40]
            raise BadRequest(
                f"The form sends {shown!r} as a file; only {self.file_field!r} may be one."
            )
        if self.file is not None:
            raise BadRequest(f"The form sends more than one file as {self.file_field!r}.")
        self.filename = part.filename
        self.file = SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115 - closed by `close`

    def _hold(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise TooLarge(
                f"The fields of the form have more than {MAX_FIELD_BYTES:,} bytes together;"
                " `larder upload` needs no fields."
            )


def _events(boundary: bytes) -> Iterator[Event]:
    """Yield the parts of the body as they arrive.

    :raises ValueError: if it does not follow RFC 7578, or ends too early.
    """
    decoder = MultipartDecoder(boundary, _HELD_BACK, max_parts=MAX_PARTS)
    more = True
    while more:
        chunk = request.stream.read(_CHUNK)
        more = bool(chunk)
        decoder.receive_data(chunk or None)
        while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
            yield event
