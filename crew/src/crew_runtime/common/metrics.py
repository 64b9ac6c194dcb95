"""Counters and gauges, and Prometheus' text format of them: few, so that no library is needed for them."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from crew_runtime.common.current_agent import current_agent

_NAME: Final = "crew_"


class Counter:
    """Counts by labels; only goes up."""

    def __init__(self, name: str, help_text: str) -> None:
        self.name = name
        self.help_text = help_text
        self._lock = threading.Lock()
        self._values: dict[tuple[tuple[str, str], ...], float] = {}

    def add(self, amount: float = 1, **labels: str) -> None:
        """Add `amount` for these labels, and for the agent whose work it is where there are several."""
        agent = current_agent()
        if agent:
            labels["agent"] = agent
        key = tuple(sorted(labels.items()))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + amount

    def forget(self, agent: str) -> None:
        """Remove what was counted for an agent that is gone."""
        with self._lock:
            for key in [key for key in self._values if ("agent", agent) in key]:
                del self._values[key]

    @property
    def values(self) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the values by labels."""
        with self._lock:
            return dict(self._values)


PAYMENT_REQUESTS: Final = Counter("payment_requests_total", "Requests to the payment service by outcome.")
PAYMENT_CHANGES: Final = Counter("payment_changes_total", "Changes of payments by on-chain state and next action.")
JOBS_ENDED: Final = Counter("jobs_ended_total", "Runs of jobs by outcome: result, or the code of the failure.")
JOB_SECONDS: Final = Counter("job_seconds_total", "Seconds that jobs' processes took.")
MODEL_CALLS: Final = Counter("model_calls_total", "Calls of the language model.")
MODEL_FAILURES: Final = Counter("model_failures_total", "Calls of models that failed, by the API's status or a code.")
MODEL_SECONDS: Final = Counter("model_seconds_total", "Seconds that calls of models took, embeddings included.")
TOKENS: Final = Counter("model_tokens_total", "Tokens of the language model.")
LEASES_LOST: Final = Counter("leases_lost_total", "Jobs that another runtime took over while this one ran them.")
STARTS_REFUSED: Final = Counter("starts_refused_total", "Starts that were more than a client's part, by limit.")
REQUESTS_REFUSED: Final = Counter("requests_refused_total", "Requests that were more than a client's part.")
JOBS_GAVE_WAY: Final = Counter(
    "jobs_gave_way_total", "Unpaid jobs that gave way to later ones, or were given up for them."
)
COUNTERS: Final = (
    STARTS_REFUSED,
    REQUESTS_REFUSED,
    JOBS_GAVE_WAY,
    PAYMENT_REQUESTS,
    PAYMENT_CHANGES,
    JOBS_ENDED,
    JOB_SECONDS,
    MODEL_CALLS,
    MODEL_FAILURES,
    MODEL_SECONDS,
    TOKENS,
    LEASES_LOST,
)

Gauge = tuple[str, str, Mapping[str, float] | float]
"""Name, help, and a value or one for each value of the label `kind`."""
Sample = tuple[Mapping[str, str], float]
"""Labels, and the value that they have."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured, and its values now; the same for whoever is told."""

    name: str
    help_text: str
    kind: Literal["counter", "gauge"]
    samples: Sequence[Sample]


def measured(gauges: Iterable[Gauge], by_agent: Mapping[str, Iterable[Gauge]] | None = None) -> list[Metric]:
    """Return the counters and the given gauges; those of agents have their labels."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    for name, help_text, values in gauges:
        samples.setdefault((name, help_text), []).extend(_samples(values, {}))
    for agent, own in (by_agent or {}).items():
        for name, help_text, values in own:
            samples.setdefault((name, help_text), []).extend(_samples(values, {"agent": agent}))
    return [
        *(
            Metric(
                _NAME + one.name, one.help_text, "counter", [(dict(key), value) for key, value in one.values.items()]
            )
            for one in COUNTERS
        ),
        *(Metric(_NAME + name, help_text, "gauge", found) for (name, help_text), found in samples.items()),
    ]


def rendered(metrics: Iterable[Metric]) -> str:
    """Return metrics in the text format of Prometheus."""
    lines: list[str] = []
    for one in metrics:
        lines += [f"# HELP {one.name} {one.help_text}", f"# TYPE {one.name} {one.kind}"]
        lines += [f"{one.name}{_labels(labels)} {value:.15g}" for labels, value in one.samples]
    return "\n".join(lines) + "\n"


def _samples(values: Mapping[str, float] | float, labels: Mapping[str, str]) -> Iterator[Sample]:
    if isinstance(values, Mapping):
        for kind, value in values.items():
            yield {**labels, "kind": kind}, value
    else:
        yield labels, values


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
