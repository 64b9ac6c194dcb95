"""kill -9 with a paid job in every state at once, and what the next start makes of each."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from support.model import StubModel
from support.paid import environment, paid
from support.runtime import OWN, SHARED, Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

STATES = ["created", "awaiting_payment", "queued", "running", "result_ready", "submitting", "submitted"]
SUBMIT = "POST /payment/submit-result"


@dataclass
class Bought:
    """A job by its request and its receipt."""

    topic: str
    nonce: str
    receipt: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.receipt["id"])


@dataclass
class Scene:
    """Brings a job into each state; one runs at a time."""

    runtime: Runtime
    sandbox: Sandbox
    model: StubModel
    jobs: dict[str, Bought] = field(default_factory=dict)
    submitted_before: int = 0

    def start(self, topic: str) -> Bought:
        bought = Bought(topic, secrets.token_hex(10))
        self.repeat(bought)
        return bought

    def repeat(self, bought: Bought) -> None:
        """Send it again as long as the answer asks for that: a killed process holds what it had begun for its lease."""

        def is_answered() -> bool:
            answer = self.runtime.buy(bought.topic, bought.nonce)
            assert answer.status_code in (200, 503), answer.text
            if answer.status_code == 200:
                bought.receipt = answer.json()
            return answer.status_code == 200

        wait_for(is_answered)

    def next_action(self, bought: Bought) -> str:
        return str(self.sandbox.payment(bought.receipt)["NextAction"]["requestedAction"])

    def set_up(self) -> None:
        self._bring_three_to_a_result()
        self.freeze("submitted", "submitting", error="Unknown")
        for state, words in (("running", " never answer"), ("queued", "")):
            self.jobs[state] = self.start(f"MARKER-{state}{words}")
            self.sandbox.buy(self.jobs[state].receipt)
            self.wait_until_logged("job_paid", self.jobs[state])
        wait_for(lambda: any("MARKER-running" in str(request["body"]) for request in self.model.requests))
        self.jobs["awaiting_payment"] = self.start("MARKER-awaiting")
        self._be_killed_while_a_payment_is_made()

    def freeze(self, *states: str, error: str | None) -> None:
        """Keep what was submitted from reaching the chain while it moves on for the others; None thaws it."""
        for state in states:
            self.sandbox.change(self.jobs[state].receipt, errorType=error)

    def wait_until_logged(self, event: str, job: Bought) -> None:
        wait_for(lambda: self.runtime.logged(event, job.id))

    def _bring_three_to_a_result(self) -> None:
        """Let the submission of one succeed, of one hang, of one fail, whichever comes first."""
        self.sandbox.fault("slow", SUBMIT, ms=1)
        self.sandbox.fault("hang-after-write", SUBMIT)
        self.sandbox.fault("error-before-write", SUBMIT, count=1000)
        three = [self.start(f"MARKER-{name}") for name in ("first", "second", "third")]
        self.sandbox.buy(*(bought.receipt for bought in three))
        fates = {"submitted": self._was_taken, "submitting": self._hangs, "result_ready": self._was_refused}
        for state, has_come in fates.items():
            self.jobs[state] = self._first_of(three, has_come)
        assert len({job.id for job in self.jobs.values()}) == 3

    def _was_taken(self, job: Bought) -> bool:
        return self.runtime.logged("result_submitted", job.id)

    def _hangs(self, job: Bought) -> bool:
        return self.next_action(job) == "SubmitResultRequested" and not self._was_taken(job)

    def _was_refused(self, job: Bought) -> bool:
        return self.runtime.logged("payment_step_failed", job.id)

    @staticmethod
    def _first_of(jobs: list[Bought], has_come: Callable[[Bought], bool]) -> Bought:
        wait_for(lambda: any(map(has_come, jobs)))
        return next(job for job in jobs if has_come(job))

    def _be_killed_while_a_payment_is_made(self) -> None:
        self.jobs["created"] = Bought("MARKER-created", secrets.token_hex(10))
        self.sandbox.fault("hang-after-write", "POST /payment")
        made = self.sandbox.count("POST /payment")
        with ThreadPoolExecutor(1) as buyer:
            buyer.submit(self.repeat, self.jobs["created"])
            wait_for(lambda: self.sandbox.count("POST /payment") > made)
            self.runtime.process.kill()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("kill")
    with ExitStack() as stack:
        sandbox = stack.enter_context(closing(Sandbox()))
        model = stack.enter_context(closing(StubModel()))
        variables = environment(sandbox, MAX_PARALLEL="1", LEASE_SECONDS="6")
        alone = request.param == "sqlite"  # loads CrewAI itself, as every start does; it then takes seconds
        if not alone:
            variables["DATABASE_URL"] = request.getfixturevalue("cluster").new_database()
        first = Runtime(folder / "agent", paid(), model.url, fork_server=OWN if alone else SHARED, **variables)
        first.identify(sandbox.register())
        scene = Scene(first, sandbox, model)
        try:
            scene.set_up()
        finally:
            first.kill()
        sandbox.clear_faults()
        model.released.set()
        scene.submitted_before = sandbox.count(SUBMIT)
        scene.freeze("submitted", "submitting", error=None)
        sandbox.buy(scene.jobs["awaiting_payment"].receipt)

        scene.runtime = Runtime(folder / "agent", paid(), model.url, fork_server=OWN if alone else SHARED, **variables)
        stack.callback(scene.runtime.stop)
        scene.repeat(scene.jobs["created"])
        sandbox.buy(scene.jobs["created"].receipt)
        yield scene


@pytest.mark.parametrize("state", STATES)
def test_a_paid_job_survives_a_kill_in_any_state_with_one_result_submitted_once(scene: Scene, state: str) -> None:
    job = scene.jobs[state]
    marker = job.topic.split()[0]
    ended = scene.runtime.ended(job.id)
    assert (ended["status"], ended["result"]) == ("completed", f"Stub result {marker}")
    hashed = sha256(f"{job.nonce};{ended['result']}".encode()).hexdigest()
    seen = scene.sandbox.payment(job.receipt)
    assert hashed in (seen["resultHash"], seen["NextAction"]["resultHash"])
    asked = sum(marker in str(request["body"]) for request in scene.model.requests)
    assert asked == (2 if state == "running" else 1), "what was done is not done again"
    again = scene.runtime.buy(job.topic, job.nonce).json()
    assert again == {**job.receipt, "status": "completed"}, "the same request begins no second job"


def test_each_hash_was_submitted_once_and_reaches_the_chain(scene: Scene) -> None:
    for job in scene.jobs.values():
        scene.runtime.ended(job.id)
    submitted = scene.sandbox.count(SUBMIT) - scene.submitted_before
    assert submitted == len(STATES) - 2, "two were submitted before the kill"
    for _ in STATES:  # V1 puts one result on the chain at a time
        scene.sandbox.put_results_on_chain()
    wait_for(lambda: all(scene.runtime.logged("result_on_chain", job.id) for job in scene.jobs.values()))
