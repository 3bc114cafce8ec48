"""What a file that is no text seems to be, by its first bytes."""

from __future__ import annotations

from pathlib import PurePath

_KINDS = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (8, b"WEBPVP8", "a WebP image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"\x1f\x8b\x08", "compressed with gzip"),
    (0, b"BZh", "compressed with bzip2"),
    (0, b"\xfd7zXZ\0", "compressed with xz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (8, b"WAVEfmt ", "a WAV sound"),
    (0, b"ID3", "an MP3 sound"),
    (0, b"OggS", "an Ogg sound"),
    (0, b"fLaC", "a FLAC sound"),
    (8, b"AVI LIST", "an AVI film"),
    (4, b"ftyp", "an MP4 film or sound"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM film"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program for Windows"),
    (0, b"\xcf\xfa\xed\xfe", "a program for macOS"),
    (0, b"\xca\xfe\xba\xbe", "a program for Java or macOS"),
    (0, b"\0asm", "a WebAssembly program"),
    (0, b"GGUF", "a GGUF model"),
    (0, b"\0\1\0\0\0", "a font"),
    (0, b"OTTO", "a font"),
    (0, b"wOF", "a font"),
)
_ZIP = b"PK\x03\x04"
_ZIPPED = {
    ".docx": "a Word document",
    ".xlsx": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".odt": "an OpenDocument text",
    ".ods": "an OpenDocument spreadsheet",
    ".odp": "an OpenDocument presentation",
    ".epub": "an e-book",
    ".jar": "a program for Java",
    ".whl": "a Python package",
}


def kind_of(head: bytes, name: str) -> str:
    """In words, from a file's beginning; "" where it is not known. Only what is not text is recognised."""
    if head.startswith(_ZIP):
        return _ZIPPED.get(PurePath(name).suffix.lower(), "a ZIP archive")
    binary = b"\0" in head or not head.isascii()
    known = (kind for at, mark, kind in _KINDS if head[at : at + len(mark)] == mark)
    return next(known, "") if binary or head.startswith(b"%PDF-") else ""
