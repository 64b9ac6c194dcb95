"""How to reach a language model."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAccess:
    """A model by its API, key and name; `embeddings` is the model that embeds documents.

    Jobs get the address of this runtime's gateway as `api`, and a token of theirs as `key`; `origin` then names the API
    behind it.
    """

    api: str
    key: str = field(repr=False)
    name: str
    temperature: float | None = None
    max_tokens: int | None = None
    embeddings: str = "text-embedding-3-small"
    origin: str | None = None
