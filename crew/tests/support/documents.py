"""Documents for the tests."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from crew_runtime.documents.document import Document, DocumentSet


def document_set(folder: Path, contents: Mapping[str, bytes]) -> DocumentSet:
    """Write documents down as a deployment does."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    documents = []
    for name, content in contents.items():
        sha256 = hashlib.sha256(content).hexdigest()
        file = folder / "documents" / f"{sha256[:16]}{Path(name).suffix}"
        file.write_bytes(content)
        documents.append(Document(name=name, file=file, sha256=sha256))
    return DocumentSet(documents=tuple(documents), cache=folder / "cache")


def pdf(*pages: str) -> bytes:
    """Make a PDF with one line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        page = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects += [
            f"<< {page} /Contents {5 + 2 * number} 0 R >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    body, offsets = "%PDF-1.4\n", list[int]()
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return (
        f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode()
