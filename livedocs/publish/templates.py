"""Keeps compiled templates on disk: none that is damaged is believed, and a disk that cannot hold them is no fault."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from livedocs.run.store import write_whole

_LENGTH = hashlib.sha256().digest_size


class Templates(BytecodeCache):
    """Compiled templates in a folder. jinja's own cache believes what Python can unpack, and raises on a full disk.

    Args:
        folder: the folder; it is made with the first template that is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, if there is something whole for it."""
        with contextlib.suppress(OSError):
            content = self._file(bucket).read_bytes()
            if hashlib.sha256(content[_LENGTH:]).digest() == content[:_LENGTH]:
                bucket.bytecode_from_string(content[_LENGTH:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what is in a bucket. A full or read-only disk costs the next build its time, and this one nothing."""
        content = bucket.bytecode_to_string()
        write_whole(self._file(bucket), hashlib.sha256(content).digest() + content)

    def _file(self, bucket: Bucket) -> Path:
        return self.folder / f"{bucket.key}.bytecode"
