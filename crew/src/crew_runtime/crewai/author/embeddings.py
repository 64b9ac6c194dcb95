"""Embeds the knowledge and the memory of an author's crew by the runtime's gateway, and keeps both within the job."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.crewai.author.errors import AuthorCodeError
from crew_runtime.crewai.outcome.failed_silently import FAILURES
from crew_runtime.documents.embedder import Embedder
from crew_runtime.documents.passages import text_of_file
from crew_runtime.job.model_access import ModelAccess

if TYPE_CHECKING:
    from crew_runtime.crewai.author.knowledge import Embed

_BUILD: Final = "build_embedder"
_OPENAI: Final = "openai"
_CUSTOM: Final = "custom"
_UNREAD: Final = "knowledge could not be read"


@cache
def embed_by_gateway(access: ModelAccess) -> None:
    """Replace CrewAI's vector stores and embedders in this process, once.

    An embedder of OpenAI's asks the gateway for the model that it names, and without a name for the declared one. The
    author's own function is used as it is. Any other provider is refused, as no job has its key.
    """
    from crewai.knowledge.knowledge import Knowledge
    from crewai.knowledge.source.pdf_knowledge_source import PDFKnowledgeSource
    from crewai.knowledge.storage import knowledge_storage
    from crewai.knowledge.storage.factory import set_knowledge_storage_factory
    from crewai.memory import unified_memory
    from crewai.memory.storage.factory import set_memory_storage_factory
    from crewai.rag.embeddings import factory

    from crew_runtime.crewai.author.knowledge import JobKnowledge
    from crew_runtime.crewai.author.memory import JobMemory

    crewais = factory.build_embedder

    def build(spec: Any) -> Any:  # noqa: ANN401 - CrewAI's
        return _embedder(spec, access) or crewais(spec)

    def knowledge_of(spec: Any, _name: str | None) -> JobKnowledge:  # noqa: ANN401 - CrewAI's
        with FAILURES.noted(_UNREAD):
            return JobKnowledge(build(spec or {"provider": _OPENAI}))

    for module in (
        unified_memory,
        knowledge_storage,
        factory,
    ):  # the last is where the others take it from, perhaps now
        if getattr(module, _BUILD, None) is not crewais:
            raise RuntimeError(f"{module.__name__} makes its embedders in an unknown way")
        setattr(module, _BUILD, build)
    set_knowledge_storage_factory(knowledge_of)
    set_memory_storage_factory(lambda _: JobMemory())

    add_sources = Knowledge.add_sources

    def add(self: Any) -> None:  # noqa: ANN401 - CrewAI's
        with FAILURES.noted(_UNREAD):  # a crew goes on without it
            add_sources(self)

    Knowledge.add_sources = add
    PDFKnowledgeSource.load_content = _texts_of_pdfs


def _texts_of_pdfs(self: Any) -> dict[Path, str]:  # noqa: ANN401 - CrewAI's
    """Read PDFs as documents are read; CrewAI's own reader is a package more."""
    texts: dict[Path, str] = {}
    for path in self.safe_file_paths:
        with path.open("rb") as content:
            texts[path] = text_of_file(path.name, content)
    return texts


def _embedder(spec: Any, access: ModelAccess) -> "Embed | None":  # noqa: ANN401 - CrewAI's
    """Return what embeds by the gateway; None for an author's own function."""
    if isinstance(spec, dict):
        provider, config = spec.get("provider"), spec.get("config") or {}
    elif isinstance(spec, type):
        provider, config = spec.__name__.removesuffix("Provider").lower(), {}
    else:
        provider, config = type(spec).__name__.removesuffix("Provider").lower(), {"model": spec.model_name}
    if provider == _CUSTOM:
        return None
    if provider != _OPENAI:
        raise AuthorCodeError(
            f"the embedder {provider} is named, and a job reaches none but the models behind MODEL_API: leave "
            f"`embedder` out, which means model.embeddings of the agent's YAML ({access.embeddings})"
        )
    name = config.get("model_name") or config.get("model") or access.embeddings
    embedder = Embedder(replace(access, embeddings=name))

    def embed(texts: Sequence[str]) -> list[list[float]]:
        with FAILURES.remembered():
            rows: list[list[float]] = embedder.embed(list(texts)).tolist()
        return rows

    return embed
