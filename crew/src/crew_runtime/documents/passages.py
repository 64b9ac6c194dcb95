"""Reads documents, and cuts them into passages that are short enough to compare and to quote."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from crew_runtime.documents.document import DocumentError

PASSAGE_CHARACTERS: Final = 1200
MAX_PASSAGES: Final = 4000

_HEADING: Final = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*")
_FENCE: Final = re.compile(r"\s*(```|~~~)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, and where in it that is: a heading, a page, lines or rows."""

    document: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class _Block:
    """What belongs together, such as a paragraph; `part` is never mixed with another one in a passage."""

    part: str
    number: int
    text: str


def passages_of(name: str, content: BinaryIO) -> list[Passage]:
    """Cut a document into passages. Its type is told by its name: .md, .txt, .csv or .pdf.

    Raises:
        DocumentError: it cannot be read as what it is, has no text, or too much of it.

    """
    read = _READERS.get(PurePosixPath(name).suffix.lower())
    if read is None:
        raise DocumentError(f"{name} is of a type that cannot be read: use {', '.join(sorted(_READERS))}")
    found = [
        Passage(name, place, text) for place, text in _packed(read(name, content), PASSAGE_CHARACTERS) if text.strip()
    ]
    if not found:
        raise DocumentError(f"{name} has no text: leave it out, or run OCR on it if it is a scan")
    if len(found) > MAX_PASSAGES:
        raise DocumentError(f"{name} is too long ({len(found)} passages, at most {MAX_PASSAGES}): shorten it")
    return found


def text_of_file(name: str, content: BinaryIO) -> str:
    """Return the whole text of a file, of the types that documents have.

    Raises:
        DocumentError: it cannot be read as what it is, or has no text.

    """
    read = _READERS[PurePosixPath(name).suffix.lower()]
    text = "\n\n".join(block.text for block in read(name, content)).strip()
    if not text:
        raise DocumentError(f"{name} has no text")
    return text


def _decoded(name: str, content: BinaryIO) -> str:
    try:
        return content.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def _text(name: str, content: BinaryIO) -> Iterator[_Block]:
    yield from _paragraphs("", enumerate(_decoded(name, content).splitlines(), 1))


def _markdown(name: str, content: BinaryIO) -> Iterator[_Block]:
    heading, lines, fenced = "", list[tuple[int, str]](), False
    for number, line in enumerate(_decoded(name, content).splitlines(), 1):
        fenced ^= bool(_FENCE.match(line))
        found = None if fenced else _HEADING.fullmatch(line)
        if found:
            yield from _paragraphs(heading, iter(lines))
            heading, lines = found[1], []
        lines.append((number, line))
    yield from _paragraphs(heading, iter(lines))


def _paragraphs(part: str, lines: Iterator[tuple[int, str]]) -> Iterator[_Block]:
    begin, paragraph = 0, list[str]()
    for number, line in lines:
        if line.strip():
            begin = begin or number
            paragraph.append(line.rstrip())
        elif paragraph:
            yield _Block(part, begin, "\n".join(paragraph))
            begin, paragraph = 0, []
    if paragraph:
        yield _Block(part, begin, "\n".join(paragraph))


def _csv(name: str, content: BinaryIO) -> Iterator[_Block]:
    """Yield one block for each row, each value with its column's name, so that a row can be understood by itself."""
    text = _decoded(name, content)
    try:
        delimiter = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|").delimiter
    except csv.Error:
        delimiter = ","
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        columns = next(rows, [])
        for number, row in enumerate(rows, 2):
            if any(cell.strip() for cell in row):
                labelled = (f"{label}: {cell}" for label, cell in zip(columns, row, strict=False) if cell.strip())
                yield _Block("", number, "; ".join(labelled) or "; ".join(row))
    except csv.Error as error:
        raise DocumentError(f"{name} is not CSV ({error}): save it again as CSV") from None


def _pdf(name: str, content: BinaryIO) -> Iterator[_Block]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(content, strict=False)
        if reader.is_encrypted:
            raise DocumentError(f"{name} is encrypted: save it without a password")
        pages = [page.extract_text() for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise DocumentError(f"{name} cannot be read as a PDF ({type(error).__name__}): save it again") from None
    for page, text in enumerate(pages, 1):
        yield from _paragraphs(f"page {page}", enumerate(text.splitlines(), 1))


_READERS: Final[dict[str, Callable[[str, BinaryIO], Iterator[_Block]]]] = {
    ".csv": _csv,
    ".md": _markdown,
    ".pdf": _pdf,
    ".txt": _text,
}


def _packed(blocks: Iterator[_Block], most: int) -> Iterator[tuple[str, str]]:
    """Put neighbouring blocks of one part together, as long as they fit."""
    held: list[_Block] = []
    for block in _cut(blocks, most):
        size = sum(len(one.text) + 2 for one in held) + len(block.text)
        if held and (size > most or block.part != held[0].part):
            yield _place(held), "\n\n".join(one.text for one in held)
            held = []
        held.append(block)
    if held:
        yield _place(held), "\n\n".join(one.text for one in held)


def _cut(blocks: Iterator[_Block], most: int) -> Iterator[_Block]:
    """Cut blocks that are too long by themselves, at a blank if there is one."""
    for block in blocks:
        rest = block.text
        while len(rest) > most:
            end = max(rest.rfind(" ", most // 2, most), rest.rfind("\n", most // 2, most))
            end = end if end > 0 else most
            yield _Block(block.part, block.number, rest[:end])
            rest = rest[end:].lstrip()
        yield _Block(block.part, block.number, rest)


def _place(held: list[_Block]) -> str:
    return held[0].part or f"from line {held[0].number}"
