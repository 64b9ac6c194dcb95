"""Turns texts into vectors by the model API's /embeddings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from crew_runtime.job.model_access import ModelAccess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]

TIMEOUT_SECONDS: Final = 60
RETRIES: Final = 2
BATCH: Final = 64


class EmbeddingError(Exception):
    """The embedding model answers, but not with vectors that can be compared."""


class Embedder:
    """One embedding model; `identity` names it, so that vectors of different ones are never compared."""

    def __init__(self, access: ModelAccess) -> None:
        self._access = access
        self.identity = f"{access.origin or access.api} {access.embeddings}"

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Return one row of length 1 for each text.

        Raises:
            openai.OpenAIError: the API cannot be reached or refuses.
            EmbeddingError: its answer cannot be used.

        """
        import numpy as np
        from openai import OpenAI

        client = OpenAI(
            base_url=self._access.api, api_key=self._access.key, timeout=TIMEOUT_SECONDS, max_retries=RETRIES
        )
        rows: list[list[float]] = []
        for begin in range(0, len(texts), BATCH):
            batch = list(texts[begin : begin + BATCH])
            answer = client.embeddings.create(model=self._access.embeddings, input=batch, encoding_format="float")
            found = [one.embedding for one in sorted(answer.data or [], key=lambda one: one.index)]
            if len(found) != len(batch):
                raise EmbeddingError(f"{self._access.embeddings} returned {len(found)} vectors for {len(batch)} texts")
            rows += found
        try:
            vectors: Vectors = np.asarray(rows, dtype=np.float32)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        except (TypeError, ValueError):
            raise EmbeddingError(f"{self._access.embeddings} returned vectors of different sizes") from None
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EmbeddingError(f"{self._access.embeddings} returned vectors without a direction")
        vectors /= lengths
        return vectors
