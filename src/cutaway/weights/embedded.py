"""Reading a model's description out of its .onnx file: without opening the network, in a millisecond.

An ONNX file is one protocol buffer: a row of fields, each a number and a value. The description is one of the
`metadata_props` (field 14 of `ModelProto`), pairs of key (1) and value (2); all else is skipped.

Source: onnx/onnx.proto, and https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cutaway.errors import ModelError
from cutaway.weights.spec import METADATA_KEY, ModelSpec

_METADATA, _KEY, _VALUE = 14, 1, 2
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_LONGEST = 1 << 20
"""Bytes of the longest description that is read."""


def embedded_spec(path: Path) -> ModelSpec | None:
    """What a model file says about itself; None if it says nothing, or is no model."""
    try:
        with path.open("rb") as file:
            for entry in _entries(file):
                pair = dict(_fields(io.BytesIO(entry), {_KEY, _VALUE}))
                if pair.get(_KEY) == METADATA_KEY.encode():
                    return ModelSpec.from_json(pair.get(_VALUE, b"").decode("utf-8"))
    except (OSError, EOFError, ModelError, UnicodeDecodeError):
        return None
    return None


def _entries(file: IO[bytes]) -> Iterator[bytes]:
    return (value for _, value in _fields(file, {_METADATA}))


def _fields(file: IO[bytes], wanted: set[int]) -> Iterator[tuple[int, bytes]]:
    """The fields of a message whose numbers are wanted, if they hold bytes; others are stepped over.

    Raises:
        EOFError: it is no protocol buffer, or it ends early.
    """
    while (tag := _varint(file)) is not None:
        number, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            length = _varint(file) or 0
            if number in wanted and length <= _LONGEST:
                yield number, _exactly(file, length)
            else:
                file.seek(length, io.SEEK_CUR)
        elif kind == _VARINT:
            _varint(file)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            file.seek(8 if kind == _EIGHT_BYTES else 4, io.SEEK_CUR)
        else:
            raise EOFError("no protocol buffer")


def _varint(file: IO[bytes]) -> int | None:
    """A number in groups of seven bits, the lowest first; None at the end of the file."""
    number = shift = 0
    while byte := file.read(1):
        number |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return number
        if shift > 63:
            raise EOFError("no protocol buffer")
    if shift:
        raise EOFError("ends early")
    return None


def _exactly(file: IO[bytes], length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise EOFError("ends early")
    return data
