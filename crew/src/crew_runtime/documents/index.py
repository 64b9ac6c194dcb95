"""Finds the passages of an agent's documents that are nearest to a text."""

import hashlib
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from crew_runtime.common.atomic_file import replacing
from crew_runtime.documents.document import Document, DocumentError, DocumentSet
from crew_runtime.documents.embedder import Embedder, EmbeddingError
from crew_runtime.documents.passages import MAX_PASSAGES, PASSAGE_CHARACTERS, Passage, passages_of

if TYPE_CHECKING:
    from crew_runtime.documents.embedder import Vectors

FOUND: Final = 4
# Another way of reading documents or of cutting them up makes other passages of the same files.
_VERSION: Final = f"1 {PASSAGE_CHARACTERS}"


class DocumentIndex:
    """All passages of an agent's documents with their vectors, held in memory."""

    def __init__(self, passages: list[Passage], vectors: "Vectors", embedder: Embedder, files: list[str]) -> None:
        self._passages = passages
        self._vectors = vectors
        self._embedder = embedder
        self.files = files
        """The names of what is kept in the cache."""
        self.broken: Exception | None = None
        """Why a search failed, also if its exception was caught."""

    @classmethod
    def open(cls, documents: DocumentSet, embedder: Embedder) -> Self:
        """Load what is cached, embed and cache the rest, and remove what no longer belongs to a document.

        Where only others may write to the cache, it stays as it is.

        Raises:
            DocumentError: a document cannot be used.
            EmbeddingError, openai.OpenAIError: the embedding model cannot.

        """
        import numpy as np

        into = documents.drafts or documents.cache
        with suppress(PermissionError):
            into.mkdir(parents=True, exist_ok=True)
        passages: list[Passage] = []
        vectors: list[Vectors] = []
        files: set[Path] = set()
        for document in documents.documents:
            file = documents.cache / f"{_key(document, embedder)}.npz"
            files.add(file)
            own, rows = _load(file) or _make(document, embedder, into / file.name)
            passages += own
            vectors.append(rows)
        if len(passages) > MAX_PASSAGES:
            size = f"{len(passages)} passages, at most {MAX_PASSAGES}"
            raise DocumentError(f"the documents are too long together ({size}): leave some out")
        if len({rows.shape[1] for rows in vectors}) > 1:
            raise EmbeddingError(f"{embedder.identity} returns vectors of a different size than before")
        if documents.drafts is None:
            _remove_all_but(files, documents.cache)
        return cls(passages, np.concatenate(vectors), embedder, [file.name for file in files])

    def nearest(self, texts: list[str], count: int = FOUND) -> list[list[Passage]]:
        """Return for each text the passages that are nearest in meaning, the best first.

        Raises:
            EmbeddingError, openai.OpenAIError: the embedding model cannot be used.

        """
        try:
            likeness = self._vectors_of(texts) @ self._vectors.T
        except Exception as error:
            self.broken = error
            raise
        return [[self._passages[index] for index in (-row).argsort(kind="stable")[:count]] for row in likeness]

    def _vectors_of(self, texts: list[str]) -> "Vectors":
        vectors = self._embedder.embed(texts)
        if vectors.shape[1] != self._vectors.shape[1]:
            raise EmbeddingError(f"{self._embedder.identity} returns vectors of a different size than before")
        return vectors


def quoted(passages: list[Passage]) -> str:
    """Return passages as text for a model, each with its source."""
    return "\n\n".join(f"[{one.document}, {one.place}]\n{one.text}" for one in passages)


def _key(document: Document, embedder: Embedder) -> str:
    parts = (_VERSION, embedder.identity, document.name, document.sha256)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _make(document: Document, embedder: Embedder, file: Path) -> "tuple[list[Passage], Vectors]":
    import numpy as np

    with document.open() as content:
        passages = passages_of(document.name, content)
    vectors = embedder.embed([quoted([passage]) for passage in passages])
    texts = json.dumps([[one.document, one.place, one.text] for one in passages]).encode()
    with suppress(PermissionError), replacing(file) as content:
        np.savez(content, vectors=vectors, passages=np.frombuffer(texts, dtype=np.uint8))
    return passages, vectors


def _remove_all_but(files: set[Path], cache: Path) -> None:
    with suppress(PermissionError):
        for left in set(cache.glob("*.npz")) - files:
            left.unlink(missing_ok=True)


def _load(file: Path) -> "tuple[list[Passage], Vectors] | None":
    """Read a cached index; None if there is none, or only part of one."""
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as kept:
            passages = [Passage(*one) for one in json.loads(kept["passages"].tobytes())]
            vectors: Vectors = kept["vectors"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return (passages, vectors) if len(passages) == len(vectors) > 0 else None
