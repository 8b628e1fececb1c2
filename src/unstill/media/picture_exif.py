"""Which way up a picture was taken."""

from __future__ import annotations

import struct

_ORIENTATION, _SHORT = 0x0112, 3


def exif_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, in the first directory of an EXIF block; 1 where none is or it is broken.

    TIFF 6.0, section 2; EXIF 2.3, section 4.6.4. Not left to Pillow, whose reader warns about what is broken.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if kind == _SHORT and count == 1 and 1 <= value <= 8 else 1
    except struct.error:  # cut off
        pass
    return 1
