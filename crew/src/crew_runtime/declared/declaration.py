"""The agent's declaration (crew.json): its price, its input fields, and the crew that does the work."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints, ValidationError

from crew_runtime.common.configuration import ConfigurationError, path_of, sentence_of
from crew_runtime.declared.card_texts import Author, Capability
from crew_runtime.declared.code_declaration import DeclaredCode
from crew_runtime.declared.input_schema import InputField
from crew_runtime.declared.input_values import read_input, unreadable_rules
from crew_runtime.declared.json_schema import unreadable_schema
from crew_runtime.declared.payment_declaration import PaymentDeclaration
from crew_runtime.declared.strict import Strict
from crew_runtime.documents.document import Document, DocumentSet
from crew_runtime.documents.fetch_request import FETCHED, WantedDocument
from crew_runtime.job.author_project import AuthorProject
from crew_runtime.job.placeholders import PLACEHOLDER
from crew_runtime.tools import ToolName

Text = Annotated[str, StringConstraints(min_length=1)]


class CrewAgent(Strict):
    """A CrewAI agent. The keys are an allow-list: none runs code, leaves the container or loops without a bound."""

    role: Text
    goal: Text
    backstory: Text
    max_iter: int = Field(default=15, ge=1, le=25)
    max_rpm: int | None = Field(default=None, ge=1)
    inject_date: bool = False
    tools: tuple[ToolName, ...] = ()


class CrewTask(Strict):
    """A CrewAI task; the same kind of allow-list. A guardrail is a condition in words, judged by the model."""

    name: Text
    description: Text
    expected_output: Text
    agent: Text | None = None
    context: tuple[Text, ...] | None = None
    guardrail: Text | None = None
    guardrail_max_retries: int | None = Field(default=None, ge=0, le=3)
    markdown: bool = False
    output_json: dict[str, JsonValue] | None = None
    human_input: bool = False


class CrewDefinition(Strict):
    """A crew as data: agents by name, and tasks in the order in which they are done.

    A hierarchical crew has a manager, one of the agents or one that CrewAI makes, who hands the tasks to the others.
    """

    process: Literal["sequential", "hierarchical"] = "sequential"
    manager_agent: Text | None = None
    agents: dict[Text, CrewAgent]
    tasks: tuple[CrewTask, ...]
    fetch_hosts: tuple[Text, ...] = ()


class Model(Strict):
    """Which model the crew talks to, and how."""

    name: Text | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, alias="maxTokens")
    embeddings: Text = "text-embedding-3-small"


class Price(Strict):
    """An amount in the unit's base units, as digits; `unit` is "" for lovelace, else policy id and asset name."""

    amount: str
    unit: str
    human: str = ""


class Pricing(Strict):
    """What a job costs."""

    type: Literal["fixed", "free", "dynamic"]
    prices: tuple[Price, ...] = ()


class ExampleOutput(Strict):
    """A result to show before anyone pays."""

    name: str
    url: str
    mime_type: str = Field(alias="mimeType")


class DeclaredDocument(Strict):
    """A document: what its author calls it, where it lies beside crew.json, and what it contains.

    One with `bytes` is too large for an image: where it does not lie beside crew.json, it is fetched.
    """

    name: Text
    file: str = Field(pattern=r"^documents/[\w.-]+$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int | None = Field(default=None, ge=1)


class Declaration(Strict):
    """One agent. `disclosure` tells customers that an AI does the work, `listing` as what the registry lists it."""

    id: Text
    name: Text
    description: str
    disclosure: Text | None = None
    capability: Capability | None = None
    tags: tuple[Text, ...] = ()
    author: Author | None = None
    network: Literal["Preprod", "Mainnet"]
    listing: Literal["standard", "openapi", "a2a", "x402"] = "standard"
    pricing: Pricing
    payment: PaymentDeclaration = PaymentDeclaration()
    input: tuple[InputField, ...]
    crew: CrewDefinition = CrewDefinition(agents={}, tasks=())
    code: DeclaredCode | None = None
    model: Model = Model()
    documents: tuple[DeclaredDocument, ...] = ()
    example_outputs: tuple[ExampleOutput, ...] = Field(default=(), alias="exampleOutputs")

    @property
    def version(self) -> str:
        """The agent's version: its capability's, if it declares one."""
        return self.capability.version if self.capability else "1.0.0"

    @property
    def is_paid(self) -> bool:
        """Whether jobs cost something."""
        return self.pricing.type != "free"

    def funds_for(self, input_data: object) -> tuple[dict[str, str], ...] | None:
        """Return what a job with this input costs if the price is dynamic; None if the network knows the price.

        Raises:
            InputError: the input does not fit, or costs more than can be paid.

        """
        rule = self.payment.price_rule
        if rule is None or self.pricing.type != "dynamic":
            return None
        return rule.funds_for(read_input(self.input, input_data))

    @property
    def needs_embeddings(self) -> bool:
        """Whether jobs ask an embedding model: there are documents, or the declaration names such a model."""
        return bool(self.documents) or "embeddings" in self.model.model_fields_set


def code_of(declaration: Declaration, folder: Path) -> AuthorProject | None:
    """Find the author's project, which lies beside the declaration in `folder`; None for a declared crew."""
    code = declaration.code
    return code.found_in(folder, tuple(field.id for field in declaration.input)) if code else None


def documents_of(declaration: Declaration, folder: Path, cache: Path) -> DocumentSet | None:
    """Find the documents, beside the declaration in `folder` or where they are fetched to; None if there are none."""
    found = tuple(
        Document(name=declared.name, file=_place_of(declared, folder, cache), sha256=declared.sha256)
        for declared in declaration.documents
    )
    return DocumentSet(documents=found, cache=cache) if found else None


def fetched_documents(declaration: Declaration, folder: Path, cache: Path) -> list[WantedDocument]:
    """List the documents that do not lie beside the declaration in `folder`."""
    return [
        WantedDocument(
            name=declared.name,
            file=str(_place_of(declared, folder, cache)),
            sha256=declared.sha256,
            bytes=declared.bytes,
        )
        for declared in declaration.documents
        if declared.bytes is not None and not (folder / declared.file).exists()
    ]


def _place_of(declared: DeclaredDocument, folder: Path, cache: Path) -> Path:
    beside = folder / declared.file
    return beside if declared.bytes is None or beside.exists() else cache / FETCHED / beside.name


def load_declaration(path: Path) -> Declaration:
    """Read and check crew.json, as far as that is possible without CrewAI.

    Raises:
        ConfigurationError: with every problem at once, each beginning with the place in the file.

    """
    try:
        declaration = Declaration.model_validate_json(path.read_bytes())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            [f"{path}: cannot be read ({reason}). Set AGENT_DECLARATION to the path of the agent's crew.json."]
        ) from None
    except ValidationError as error:
        raise ConfigurationError(
            f"{path.name}: {path_of(found['loc']) or 'the file'}: {sentence_of(found)}"
            for found in error.errors(include_url=False, include_input=False)
        ) from None
    problems = [f"{path.name}: {problem}" for problem in _contradictions(declaration)]
    if problems:
        raise ConfigurationError(problems)
    return declaration


def _contradictions(declaration: Declaration) -> Iterator[str]:
    yield from _wrong_inputs(declaration.input)
    yield from declaration.payment.wrong_price(declaration.input)
    yield from _wrong_crew(declaration)


def _wrong_crew(declaration: Declaration) -> Iterator[str]:
    if declaration.code:
        if "crew" in declaration.model_fields_set:
            yield "code: a crew is declared too; keep one of the two"
        return
    yield from _wrong_references(declaration.crew)
    yield from _wrong_tools(declaration)
    ids = [field.id for field in declaration.input]
    for place, text in _texts(declaration.crew):
        for name in PLACEHOLDER.findall(text):
            if name not in ids:
                yield f"{place}: {{{name}}} is not an input (inputs: {_listed(ids)})"


def _wrong_inputs(fields: tuple[InputField, ...]) -> Iterator[str]:
    seen: set[str] = set()
    for index, field in enumerate(fields):
        if field.id in seen:
            yield f"input[{index}].id: another field has the id {field.id}; ids must be unique"
        seen.add(field.id)
        for problem in unreadable_rules(field):
            yield f"input[{index}].validations: {problem}"


def _wrong_references(crew: CrewDefinition) -> Iterator[str]:
    if not crew.tasks:
        yield "crew.tasks: is empty; a crew needs at least one task"
    yield from _wrong_manager(crew)
    workers = crew.agents.keys() - {crew.manager_agent}
    earlier: set[str] = set()
    for index, task in enumerate(crew.tasks):
        place = f"crew.tasks[{index}]"
        if task.agent is not None and task.agent not in workers:
            yield f"{place}.agent: no agent is called {task.agent} (agents: {_listed(workers)})"
        if task.agent is None and (crew.process == "sequential" or task.guardrail):
            yield f"{place}.agent: is missing; only a hierarchical crew's tasks without a guardrail may leave it out"
        for name in task.context or ():
            if name not in earlier:
                yield f"{place}.context: {name} is not an earlier task (earlier tasks: {_listed(earlier)})"
        if task.name in earlier:
            yield f"{place}.name: another task is called {task.name}; names must be unique"
        earlier.add(task.name)
        if task.output_json is not None:
            problem = unreadable_schema(task.output_json)
            if problem:
                yield f"{place}.output_json: {problem}"


def _wrong_manager(crew: CrewDefinition) -> Iterator[str]:
    if crew.manager_agent is None:
        return
    if crew.process != "hierarchical":
        yield "crew.manager_agent: only a hierarchical crew has one; remove it, or set process to hierarchical"
    if crew.manager_agent not in crew.agents:
        yield f"crew.manager_agent: no agent is called {crew.manager_agent} (agents: {_listed(crew.agents)})"
    elif crew.agents[crew.manager_agent].tools:
        yield f"crew.agents.{crew.manager_agent}.tools: a manager cannot have tools; give them to the other agents"


def _wrong_tools(declaration: Declaration) -> Iterator[str]:
    crew = declaration.crew
    for name, agent in crew.agents.items():
        if "document_search" in agent.tools and not declaration.documents:
            yield f"crew.agents.{name}.tools: document_search needs documents, and the agent has none"
        if "fetch_page" in agent.tools and not crew.fetch_hosts:
            yield f"crew.agents.{name}.tools: fetch_page needs crew.fetch_hosts, the hosts that it may fetch from"


def _texts(crew: CrewDefinition) -> Iterator[tuple[str, str]]:
    for name, agent in crew.agents.items():
        for key, text in (("role", agent.role), ("goal", agent.goal), ("backstory", agent.backstory)):
            yield f"crew.agents.{name}.{key}", text
    for index, task in enumerate(crew.tasks):
        yield f"crew.tasks[{index}].description", task.description
        yield f"crew.tasks[{index}].expected_output", task.expected_output


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
