"""What all messages are: frozen structs, packed as MessagePack, checked field by field when they are read."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
import numpy as np


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The base of all of them."""


T = TypeVar("T")


def _pack_array(array: object) -> tuple[str, tuple[int, ...], bytes]:
    if isinstance(array, np.ndarray):
        return array.dtype.str, array.shape, array.tobytes()
    raise NotImplementedError(f"a message cannot hold a {type(array).__name__}")


def _unpack_array(kind: type, packed: Any) -> Any:
    dtype, shape, content = packed
    return np.frombuffer(bytearray(content), dtype).reshape(shape)


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack_array)


def pack(message: object) -> bytes:
    """A message, or any struct or dataclass of plain values and arrays, as bytes."""
    return _encoder.encode(message)


class Unpacker(Generic[T]):
    """Reads one type, checked field by field."""

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind, dec_hook=_unpack_array)

    def decode(self, content: bytes) -> T:
        """The message in ``content``; raises ``msgspec.ValidationError`` where it does not fit."""
        return self._decoder.decode(content)
