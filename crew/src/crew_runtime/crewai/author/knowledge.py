"""What an author's crew knows, in the memory of its job alone."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from crewai.knowledge.storage.base_knowledge_storage import BaseKnowledgeStorage
from pydantic import PrivateAttr

Embed = Callable[[Sequence[str]], list[list[float]]]


class JobKnowledge(BaseKnowledgeStorage):  # type: ignore[misc] # CrewAI is not read for its types
    """Texts with their vectors; unlike CrewAI's own store it raises if it cannot embed or search."""

    _embed: Embed = PrivateAttr()
    _texts: list[str] = PrivateAttr(default_factory=list)
    _vectors: list[list[float]] = PrivateAttr(default_factory=list)

    def __init__(self, embed: Embed) -> None:
        super().__init__()
        self._embed = embed

    def save(self, documents: list[str]) -> None:
        """Embed and keep texts."""
        texts = [text for text in documents if text.strip()]
        if texts:
            self._vectors += self._embed(texts)
            self._texts += texts

    def search(
        self,
        query: list[str],
        limit: int = 5,
        metadata_filter: dict[str, Any] | None = None,  # noqa: ARG002 - texts have none
        score_threshold: float = 0.6,
    ) -> list[dict[str, Any]]:
        """Return the texts that are nearest to the query, the best first, with scores as CrewAI's store has them."""
        if not self._texts:
            return []
        rows = np.asarray(self._vectors, dtype=np.float32)
        asked = np.asarray(self._embed([" ".join(query)]), dtype=np.float32)[0]
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(asked)
        scores = (1 + rows @ asked / lengths) / 2
        return [
            {"id": str(index), "content": self._texts[index], "metadata": {}, "score": float(scores[index])}
            for index in (-scores).argsort(kind="stable")[:limit]
            if scores[index] >= score_threshold
        ]

    def reset(self) -> None:
        """Forget everything."""
        self._texts, self._vectors = [], []

    async def asave(self, documents: list[str]) -> None:
        """Do as `save`."""
        self.save(documents)

    async def asearch(
        self,
        query: list[str],
        limit: int = 5,
        metadata_filter: dict[str, Any] | None = None,
        score_threshold: float = 0.6,
    ) -> list[dict[str, Any]]:
        """Do as `search`."""
        return self.search(query, limit, metadata_filter, score_threshold)

    async def areset(self) -> None:
        """Do as `reset`."""
        self.reset()
