"""One service, many agents: each comes, changes and goes without touching another."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from crew_runtime.http.health import unhealthy_because
from support.declarations import in_python, one_task
from support.memory import children_of, fork_server_of
from support.model import StubModel
from support.runtime import OWN, SENTINEL_KEY
from support.service import Folder, Service
from support.waiting import wait_for

MISSING: Final = {"name": "Handbook", "file": "documents/handbook.md", "sha256": "0" * 64}
StartService = Callable[..., Service]


@pytest.fixture
def start_service(model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartService]:
    """Starts services that end with the test, all in the same folder."""
    started: list[Service] = []
    folder = tmp_path_factory.mktemp("service")

    def start(*, folder: Path = folder, **environment: str) -> Service:
        service = Service(folder, model.url, **environment)
        started.append(service)
        return service

    yield start
    model.released.set()
    for service in started:
        service.stop()


def test_agents_are_served_by_their_paths_and_further_ones_join(start_service: StartService) -> None:
    service = start_service()
    for name in ("first", "second"):
        service.agents.declare(name, {**one_task(), "name": name.title()})
    service.wait_for_state("ready", "first", "second")
    jobs = {name: service.agent(name).start(f"MARKER-{name}") for name in ("first", "second")}
    for name, job in jobs.items():
        assert f"MARKER-{name}" in service.agent(name).ended(job)["result"]
    assert service.agent("first").get("/status", job_id=jobs["second"])[0] == 404, "jobs are their agent's"
    service.agents.declare("third")
    service.wait_for_state("ready", "third")
    third = service.agent("third")
    assert third.ended(third.start("tea"))["status"] == "completed"
    assert service.http.get("/healthz").json() == {
        "status": "ok", "instance": "test-instance", "agents": 3, "crew": "ready"
    }  # fmt: skip
    assert service.agent("first").get("/availability")[1]["message"] == "First takes jobs."
    assert service.agent("first").get("/.well-known/agent-card.json")[1]["error"] == "NO_CARD", "it has no PUBLIC_URL"
    assert service.agent("nobody").get("/availability")[0] == 404
    assert service.http.get("/availability").status_code == 404


@pytest.mark.parametrize("is_made", [False, True], ids=["not there yet", "empty"])
def test_a_service_without_agents_is_healthy_and_serves_the_first_one(
    start_service: StartService, tmp_path: Path, *, is_made: bool
) -> None:
    folder = tmp_path / "volume" / "agents"
    if is_made:
        folder.mkdir(parents=True)
    service = start_service(AGENTS=str(folder))
    wait_for(lambda: unhealthy_because(service.http.base_url.port or 0) is None)
    assert service.http.get("/healthz").json()["agents"] == 0
    Folder(folder).declare("first")
    service.wait_for_state("ready", "first")
    first = service.agent("first")
    assert first.ended(first.start("tea"))["status"] == "completed"


def test_a_change_holds_for_new_jobs_while_running_ones_end_by_the_old(
    start_service: StartService, model: StubModel
) -> None:
    service = start_service()
    service.agents.declare("changing", one_task("Old words about {topic}."))
    service.agents.declare("other")
    service.wait_for_state("ready", "changing", "other")
    changing, other = service.agent("changing"), service.agent("other")
    running = [changing.start("MARKER-running never answer"), other.start("MARKER-beside never answer")]
    wait_for(lambda: asked(model, "MARKER-running") and asked(model, "MARKER-beside"))
    before = changing.get("/healthz")[1]["declaration"]
    service.agents.declare("changing", one_task("New words about {topic}."))
    wait_for(lambda: changing.get("/healthz")[1]["declaration"] != before)
    assert changing.ended(changing.start("MARKER-new"))["status"] == "completed"
    assert "New words" in asked(model, "MARKER-new")
    model.released.set()
    assert [changing.ended(running[0])["status"], other.ended(running[1])["status"]] == ["completed", "completed"]
    assert "Old words" in asked(model, "MARKER-running")
    assert {event["event"] for event in service.events} >= {"crew_changed"}
    assert changing.ended(running[0])["status"] == "completed", "what was done before is known afterwards"


def test_a_flood_of_one_agent_leaves_a_place_to_the_others_whose_jobs_come_first(
    start_service: StartService, model: StubModel
) -> None:
    service = start_service(fork_server=OWN, SHARED_PARALLEL="4")
    for name in ("flooded", "other"):
        service.agents.declare(name)
    service.wait_for_state("ready", "flooded", "other")
    flooded, other = service.agent("flooded"), service.agent("other")
    flood = [flooded.start(f"MARKER-{number} never answer") for number in range(4)]
    wait_for(lambda: len(model.requests) == 3)
    beside = other.start("MARKER-beside never answer")
    wait_for(lambda: asked(model, "MARKER-beside"))
    here = os.getpriority(os.PRIO_PROCESS, 0)
    assert sorted(min(niceness - here, 10) for niceness in nicenesses_of_jobs(service)) == [0, 0, 5, 10]
    model.released.set()
    assert {agent.ended(job)["status"] for agent, job in [*((flooded, job) for job in flood), (other, beside)]} == {
        "completed"
    }


def nicenesses_of_jobs(service: Service) -> list[int]:
    return [os.getpriority(os.PRIO_PROCESS, job) for job in children_of(fork_server_of(service.process.pid))]


def test_a_removed_agent_ends_its_jobs_and_comes_back_with_what_it_had(
    start_service: StartService, model: StubModel
) -> None:
    service = start_service()
    service.agents.declare("leaving")
    service.agents.declare("other")
    service.wait_for_state("ready", "leaving", "other")
    leaving = service.agent("leaving")
    done = leaving.start("MARKER-done")
    leaving.ended(done)
    running = leaving.start("MARKER-running never answer")
    wait_for(lambda: asked(model, "MARKER-running"))
    service.agents.remove("leaving")
    service.wait_for_state("leaving", "leaving")
    assert leaving.post("/start_job", {"input_data": {"topic": "tea"}})[0] == 503
    assert leaving.status(running) == "running"
    model.released.set()
    wait_for(lambda: leaving.get("/status", job_id=running)[0] == 404)
    assert service.agent("other").get("/availability")[1]["status"] == "available"
    service.agents.declare("leaving")
    service.wait_for_state("ready", "leaving")
    assert [leaving.status(job) for job in (done, running)] == ["completed", "completed"]


def test_an_agent_that_returns_before_its_jobs_have_ended_goes_on(
    start_service: StartService, model: StubModel
) -> None:
    service = start_service()
    service.agents.declare("back")
    service.wait_for_state("ready", "back")
    back = service.agent("back")
    running = back.start("MARKER-running never answer")
    wait_for(lambda: asked(model, "MARKER-running"))
    service.agents.remove("back")
    service.wait_for_state("leaving", "back")
    service.agents.declare("back")
    service.wait_for_state("ready", "back")
    assert back.ended(back.start("tea"))["status"] == "completed"
    model.released.set()
    assert back.ended(running)["status"] == "completed"


BAD: Final[dict[str, tuple[Callable[[Folder, str], None], str]]] = {
    "no-json": (lambda agents, bad: agents.write(bad, "crew.json", b"{"), "crew.json"),
    "an-unknown-placeholder": (
        lambda agents, bad: agents.declare(bad, one_task("About {nothing}.")),
        "{nothing} is not an input",
    ),
    "the-id-of-another": (
        lambda agents, bad: agents.write(bad, "crew.json", {**one_task(), "id": "good"}),
        "the folder is the-id-of-another",
    ),
    "code-of-its-own": (lambda agents, bad: agents.declare(bad, {**in_python(), "id": bad}), "runs no code"),
    "a-variable-of-the-service": (
        lambda agents, bad: agents.declare(bad, environment={"PORT": "80", "MODEL_API": "nonsense"}),
        "PORT",
    ),
    "a-secret-in-the-clear": (
        lambda agents, bad: agents.declare(bad, environment={"MODEL_KEY": SENTINEL_KEY}),
        "Put it into secrets.json",
    ),
    "documents-that-are-not-there": (
        lambda agents, bad: agents.declare(bad, {**one_task(), "documents": [MISSING]}),
        "the crew cannot be used",
    ),
    "a-database-that-is-not-there": (
        lambda agents, bad: agents.declare(bad, secrets={"DATABASE_URL": "postgresql://u:pass-1f@127.0.0.1:1/x"}),
        "DATABASE_URL: the database cannot be used",
    ),
}
"""What is wrong with an agent, by its id: how it is declared, and what is told."""


@pytest.fixture(scope="module")
def spoilt(shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of all these agents, and of one that is as it should be."""
    folder, address = tmp_path_factory.mktemp("service"), shared_model.url
    service = Service(folder, address, PUBLIC_URL="https://crews.example.com/base")
    service.agents.declare("good")
    for bad, (declare, _) in BAD.items():
        declare(service.agents, bad)
    service.wait_for_state("unusable", *BAD).wait_for_state("ready", "good")
    yield service
    service.stop()


def test_agents_that_cannot_be_used_keep_nobody_from_work(spoilt: Service) -> None:
    good = spoilt.agent("good")
    assert good.ended(good.start("tea"))["status"] == "completed"
    with spoilt.internal as internal:
        metrics = internal.get("/metrics").text.splitlines()
        assert {f'crew_ready{{agent="{bad}"}} 0' for bad in BAD} <= set(metrics)
        assert 'crew_ready{agent="good"} 1' in metrics
        assert 'crew_jobs_ended_total{agent="good",outcome="result"} 1' in metrics
        assert [internal.get(f"/{one}/readyz").status_code for one in (*BAD, "good", "nobody")] == [
            *(503 for _ in BAD), 200, 404
        ]  # fmt: skip
        agents = {"ready": 1, "loading": 0, "unusable": len(BAD), "leaving": 0}
        assert internal.get("/readyz").json()["agents"] == agents


def test_each_agent_has_a_card_and_an_openapi_document_of_its_own(spoilt: Service) -> None:
    good, url = spoilt.agent("good"), "https://crews.example.com/base/good"
    assert good.get("/.well-known/agent-card.json")[1]["supportedInterfaces"][0]["url"] == f"{url}/a2a"
    assert good.get("/openapi.json")[1]["servers"] == [{"url": url}]
    assert spoilt.agent(next(iter(BAD))).get("/.well-known/agent-card.json")[0] == 503
    assert spoilt.http.get("/.well-known/agent-card.json").status_code == 404


@pytest.mark.parametrize("agent_id", BAD)
def test_an_agent_that_cannot_be_used_says_so_until_it_can(spoilt: Service, agent_id: str) -> None:
    bad, (_, told) = spoilt.agent(agent_id), BAD[agent_id]
    problems = [event for event in spoilt.events if event["event"] == "agent_unusable" and event["agent"] == agent_id]
    assert told in str(spoilt.state(agent_id)["problems"])
    assert told in str(problems)
    assert bad.get("/healthz")[1]["crew"] == "unusable"
    assert bad.get("/availability")[1]["status"] == "unavailable"
    refused, answer = bad.post("/start_job", {"input_data": {"topic": "tea"}})
    assert refused == 503
    assert answer["error"] in ("AGENT_UNUSABLE", "AGENT_NOT_REGISTERED")
    assert SENTINEL_KEY not in spoilt.output
    assert "pass-1f" not in spoilt.output
    spoilt.agents.remove(agent_id)
    spoilt.agents.declare(agent_id)
    spoilt.wait_for_state("ready", agent_id)
    assert bad.ended(bad.start("tea"))["status"] == "completed"


def test_a_change_that_cannot_be_used_leaves_what_was_begun(start_service: StartService, model: StubModel) -> None:
    service = start_service()
    service.agents.declare("spoilt")
    service.wait_for_state("ready", "spoilt")
    spoilt = service.agent("spoilt")
    running = spoilt.start("MARKER-running never answer")
    wait_for(lambda: asked(model, "MARKER-running"))
    service.agents.declare("spoilt", one_task("About {nothing}."))
    service.wait_for_state("unusable", "spoilt")
    refused, answer = spoilt.post("/start_job", {"input_data": {"topic": "tea"}})
    assert (refused, answer["error"]) == (503, "AGENT_UNUSABLE")
    assert "cannot be used" in spoilt.get("/availability")[1]["message"]
    model.released.set()
    assert spoilt.ended(running)["status"] == "completed"
    service.agents.declare("spoilt")
    service.wait_for_state("ready", "spoilt")


def test_after_a_kill_the_jobs_of_all_agents_are_done(start_service: StartService, model: StubModel) -> None:
    names = ("one", "two", "three")
    service = start_service()
    for name in names:
        service.agents.declare(name)
    service.wait_for_state("ready", *names)
    jobs = {name: service.agent(name).start(f"MARKER-{name} never answer") for name in names}
    wait_for(lambda: all(asked(model, f"MARKER-{name} ") for name in names))
    service.kill()
    model.released.set()
    again = start_service()
    again.wait_for_state("ready", *names)
    for name in names:
        assert f"MARKER-{name}" in again.agent(name).ended(jobs[name])["result"]


def test_each_agent_has_its_own_model_key_budget_and_limits(start_service: StartService, model: StubModel) -> None:
    service = start_service(MAX_QUEUE="0")
    service.agents.declare("mine", environment={"DAILY_TOKENS": "1000"}, secrets={"MODEL_KEY": "sk-of-mine-alone-41"})
    service.agents.declare("others", environment={"MAX_PARALLEL": "1"})
    for name in ("crowded", "quiet"):
        service.agents.declare(name, environment={"MAX_PER_CLIENT": "1", "START_RATE": "2"})
    service.wait_for_state("ready", "mine", "others", "crowded", "quiet")
    mine, others = service.agent("mine"), service.agent("others")
    mine.ended(mine.start("MARKER-mine"))
    others.ended(others.start("MARKER-others"))
    keys = {
        marker: request["key"]
        for request in model.requests
        for marker in ("MARKER-mine", "MARKER-others")
        if marker in str(request["body"])
    }
    assert keys == {"MARKER-mine": "Bearer sk-of-mine-alone-41", "MARKER-others": f"Bearer {SENTINEL_KEY}"}
    others.start("MARKER-first never answer")
    full, answer = others.post("/start_job", {"input_data": {"topic": "tea"}})
    assert (full, answer["error"]) == (503, "QUEUE_FULL")
    assert mine.ended(mine.start("tea"))["status"] == "completed"
    crowded, quiet = service.agent("crowded"), service.agent("quiet")
    crowded.start("MARKER-crowded never answer")
    for limit in ("Many of your jobs are not done yet.", "You have asked for many jobs in the last minute."):
        refused, answer = crowded.post("/start_job", {"input_data": {"topic": "tea"}})
        assert (refused, answer["error"]) == (429, "TOO_MANY_STARTS")
        assert answer["message"].startswith(limit)
    assert quiet.ended(quiet.start("tea"))["status"] == "completed", "the same client's at another agent"


def test_healthz_tells_which_revision_has_become_what_it_says_of_the_crew(start_service: StartService) -> None:
    service = start_service()
    service.agents.declare("one", environment={"SECRETS_REVISION": "first"})
    service.wait_for_state("ready", "one")
    one = service.agent("one")
    wait_for(lambda: one.get("/healthz")[1].get("revision") == "first")
    service.agents.write("one", "environment.json", {"SECRETS_REVISION": "second", "MAX_PARALLEL": "none"})
    wait_for(lambda: one.get("/healthz")[1]["revision"] == "second")
    assert one.get("/healthz")[1]["crew"] == "unusable"
    service.agents.write("one", "environment.json", {"SECRETS_REVISION": "third", "MAX_PARALLEL": "1"})
    wait_for(lambda: one.get("/healthz")[1]["revision"] == "third")
    assert one.get("/healthz")[1]["crew"] == "ready"


def test_an_identity_is_its_agent_s_and_reloaded(start_service: StartService) -> None:
    service = start_service()
    service.agents.declare("one", identifier="ab" * 28 + "01")
    service.agents.declare("two", identifier=None)
    service.wait_for_state("ready", "one", "two")
    one, two = service.agent("one"), service.agent("two")
    assert one.get("/availability")[1]["agentIdentifier"] == "ab" * 28 + "01"
    assert "not registered" in two.get("/availability")[1]["message"]
    service.agents.write("two", "identity.json", {"agentIdentifier": "cd" * 28, "draining": True})
    assert two.get("/availability")[1]["agentIdentifier"] == "cd" * 28
    assert two.post("/start_job", {"input_data": {"topic": "tea"}})[1]["error"] == "AGENT_DRAINING"


def asked(model: StubModel, marker: str) -> str:
    """What the model was asked with a marker in it; empty if nothing was."""
    return next((str(request["body"]) for request in list(model.requests) if marker in str(request["body"])), "")
