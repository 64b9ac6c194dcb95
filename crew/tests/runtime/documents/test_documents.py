"""Documents of every type become passages that say where they stand; what cannot be read is named."""

import hashlib
import io
from pathlib import Path

import pytest

from crew_runtime.documents.document import Document, DocumentError
from crew_runtime.documents.passages import MAX_PASSAGES, PASSAGE_CHARACTERS, passages_of
from support.documents import pdf

READABLE = [
    ("a.txt", b"One.\n\nTwo,\nstill two.\n", [("from line 1", "One.\n\nTwo,\nstill two.")]),
    ("a.md", b"Before.\n\n# Returns #\n\nWithin 30 days.\n\n## Refunds\nAt once.\n", [
        ("from line 1", "Before."), ("Returns", "# Returns #\n\nWithin 30 days."), ("Refunds", "## Refunds\nAt once."),
    ]),
    ("code.md", b"# Use\n```sh\n# not a heading\n```\n", [("Use", "# Use\n```sh\n# not a heading\n```")]),
    ("a.csv", b"item,price\nkettle,9\n,\ncup,5\n", [("from line 2", "item: kettle; price: 9\n\nitem: cup; price: 5")]),
    ("semicolons.csv", b"item;price\nkettle;30,50\n", [("from line 2", "item: kettle; price: 30,50")]),
    ("a.PDF", pdf("Kettles boil.", "Cups hold tea."), [("page 1", "Kettles boil."), ("page 2", "Cups hold tea.")]),
    ("mark.txt", b"\xef\xbb\xbfBegins.", [("from line 1", "Begins.")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "passages"), READABLE, ids=[row[0] for row in READABLE])
def test_a_document_becomes_passages_with_their_places(
    name: str, content: bytes, passages: list[tuple[str, str]]
) -> None:
    found = passages_of(name, io.BytesIO(content))
    assert [(one.place, one.text) for one in found] == passages
    assert {one.document for one in found} == {name}


UNREADABLE = [
    ("scan.pdf", pdf(""), "scan.pdf has no text"),
    ("broken.pdf", b"%PDF-1.4 nothing else", "broken.pdf cannot be read as a PDF"),
    ("page.docx", b"PK", r"page.docx is of a type that cannot be read: use .csv, .md, .pdf, .txt"),
    ("latin.txt", "Größe".encode("latin-1"), r"latin.txt is not UTF-8 \(byte 2\)"),
    ("empty.md", b" \n\n", "empty.md has no text"),
    ("only-columns.csv", b"item,price\n", "only-columns.csv has no text"),
    ("quote.csv", b'item,price\n"kettle"x,30\n', "quote.csv is not CSV"),
    ("endless.txt", b"word " * (MAX_PASSAGES * PASSAGE_CHARACTERS // 4), "endless.txt is too long"),
]


@pytest.mark.parametrize(("name", "content", "problem"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_a_document_that_cannot_be_read_is_named_with_the_reason(name: str, content: bytes, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem):
        passages_of(name, io.BytesIO(content))


def test_no_passage_is_too_long_and_no_word_is_lost() -> None:
    words = " ".join(f"word{number}" for number in range(2000))
    text = f"{words}\n\n{'x' * 5000}\n\nend"
    passages = passages_of("long.txt", io.BytesIO(text.encode()))
    assert max(len(one.text) for one in passages) <= PASSAGE_CHARACTERS
    assert "".join("".join(one.text for one in passages).split()) == "".join(text.split())


def test_a_file_that_is_not_the_declared_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"other")
    declared = Document(name="docs/a.txt", file=file, sha256=hashlib.sha256(b"one").hexdigest())
    with pytest.raises(DocumentError, match=r"docs/a\.txt is not the file that was declared"):
        declared.open()
    file.unlink()
    with pytest.raises(DocumentError, match=r"docs/a\.txt cannot be read"):
        declared.open()
    file.write_bytes(bytes(10 * 1024 * 1024 + 1))
    with pytest.raises(DocumentError, match=r"docs/a\.txt has more than 10 MiB"):
        declared.open()
