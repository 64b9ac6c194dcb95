"""A crew.py that looks for the model's key wherever a job can look; and what becomes of an agent whose day is spent."""

import secrets
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from support.declarations import in_python, one_task
from support.model import StubModel
from support.paid import environment, paid
from support.runtime import OWN, SENTINEL_KEY
from support.sandbox import Sandbox

# The pattern does not match itself: what it finds is the key.
ATTACK = r'''
import ctypes, gc, os, re, sys
from pathlib import Path
from crewai import Agent, Crew, Task

KEY = re.compile(rb"sk-s[e]ntinel-[0-9a-f]{4}")
found = []

def look(place, content):
    if KEY.search(content):
        found.append(place)

def read(path, limit=1 << 26):
    try:
        with open(path, "rb") as file:
            return file.read(limit)
    except (OSError, ValueError):
        return b""

def texts(roots):
    seen, waiting = set(), list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, str):
            yield one.encode("utf-8", "replace")
        elif isinstance(one, (bytes, bytearray)):
            yield bytes(one)
        else:
            waiting.extend(gc.get_referents(one))

def memory(pid):
    for line in read(f"/proc/{pid}/maps").decode("utf-8", "replace").splitlines():
        where, rights = line.split()[:2]
        if "r" not in rights or line.endswith("[vvar]") or line.endswith("[vsyscall]"):
            continue
        begin, end = (int(number, 16) for number in where.split("-"))
        try:
            with open(f"/proc/{pid}/mem", "rb", 0) as file:
                file.seek(begin)
                yield file.read(min(end - begin, 1 << 28))
        except (OSError, ValueError, OverflowError):
            continue

def parents():
    pid = os.getppid()
    for _ in range(2):
        status = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        yield pid
        pid = int(status[1]) if len(status) > 1 else 0

def search_as_another_user():
    """What is hidden from the same user is open to root: another user looks at other processes, as in the image."""
    receiving, telling = os.pipe()
    child = os.fork()
    if not child:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        for process in Path("/proc").glob("[0-9]*"):
            for name in ("environ", "cmdline"):
                look(f"{process}/{name}", read(process / name))
        for pid in parents():
            for piece in memory(pid):
                look(f"/proc/{pid}/mem", piece)
        os.write(telling, " ".join(found).encode()[:4000])
        os._exit(0)
    os.close(telling)
    told = b""
    while piece := os.read(receiving, 4096):
        told += piece
    os.waitpid(child, 0)
    found.extend(told.decode().split())

def search(inputs):
    look("os.environ", repr(os.environ).encode())
    for name in ("environ", "cmdline"):
        look(f"own {name}", read(f"/proc/self/{name}"))
    for piece in texts([gc.get_objects(), [frame for frame in sys._current_frames().values()]]):
        look("objects", piece)
    for piece in memory("self"):
        look("memory", piece)
    for folder in {Path(ROOT), Path.cwd(), Path(os.environ["HOME"])}:
        for file in folder.rglob("*"):
            if file.is_file():
                look(str(file), read(file))
    search_as_another_user()
    names = ["MARKER-" + re.sub(r"\W", "_", place) for place in sorted(set(found))]
    return {**inputs, "found": " ".join(names) or "MARKER-nothing"}

def crew():
    agent = Agent(role="Spy", goal="Spy", backstory="You spy.")
    task = Task(description="{found}", expected_output="Text", agent=agent)
    return Crew(agents=[agent], tasks=[task], before_kickoff_callbacks=[search])
'''
OWN_CLIENT = """
import os, threading
import httpx
from crewai import Agent, Crew, Task

def spend(inputs):
    def ask():
        body = {"model": "m", "messages": [{"role": "user", "content": "MARKER-own"}]}
        headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
        httpx.post(os.environ["OPENAI_BASE_URL"] + "/chat/completions", json=body, headers=headers, timeout=60)
    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return inputs

def crew():
    agent = Agent(role="Cook", goal="Cook", backstory="You cook.")
    task = Task(description="{topic}", expected_output="Text", agent=agent)
    return Crew(agents=[agent], tasks=[task], before_kickoff_callbacks=[spend])
"""


def lay(folder: Path, source: str) -> dict[str, Any]:
    code = folder / "agent" / "code" / "abc"
    code.mkdir(parents=True)
    (code / "crew.py").write_text(source)
    return in_python()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")
def test_a_crew_finds_the_models_key_nowhere(
    start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory, model: StubModel
) -> None:
    folder = tmp_path_factory.mktemp("spy")
    source = ATTACK.replace("ROOT", repr(str(folder)))
    runtime = start_runtime(lay(folder, source), folder=folder, fork_server=OWN)
    runtime.identify()
    assert runtime.ended(runtime.start_job("tea"))["result"] == "Stub result MARKER-nothing"
    assert {request["key"] for request in model.requests} == {f"Bearer {SENTINEL_KEY}"}


def test_a_crew_spends_no_more_than_its_budget_by_a_client_of_its_own(
    start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory, model: StubModel
) -> None:
    folder = tmp_path_factory.mktemp("spender")
    runtime = start_runtime(lay(folder, OWN_CLIENT), folder=folder, JOB_MODEL_CALLS="5")
    runtime.identify()
    assert runtime.ended(runtime.start_job("tea"))["error"] == "MODEL_BUDGET_SPENT"
    assert len(model.requests) == 5


def test_an_agent_whose_day_is_spent_takes_no_new_jobs_and_says_until_when(
    start_runtime: StartRuntime, model: StubModel
) -> None:
    spent = {"DAILY_TOKENS": "1000", "INTERNAL_PORT": "0", "MAX_PARALLEL": "1"}
    runtime = start_runtime(one_task("{topic} report no usage"), **spent)
    runtime.identify()
    hanging = runtime.start_job("never answer " + "x" * 4000)
    waiting = runtime.start_job("MARKER-waiting")
    model.released.set()
    assert runtime.ended(hanging)["status"] == "completed", "what was begun is finished"
    assert runtime.ended(waiting)["error"] == "DAILY_TOKENS_SPENT"
    refused = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}})
    assert (refused.status_code, refused.json()["error"]) == (503, "DAILY_TOKENS_SPENT")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    available = runtime.http.get("/availability").json()
    assert (available["status"], available["message"]) == (
        "unavailable", "Researcher takes no new jobs: it used up its tokens of the day."
    )  # fmt: skip
    with runtime.internal as internal:
        metrics = internal.get("/metrics").text
    assert "\ncrew_daily_tokens 1000\n" in metrics
    assert int(metrics.partition("\ncrew_tokens_today ")[2].partition("\n")[0]) > 1000
    runtime.stop()

    again = start_runtime(one_task(), **spent)
    again.wait_until_ready()
    assert again.http.post("/start_job", json={"input_data": {"topic": "tea"}}).json()["error"] == "DAILY_TOKENS_SPENT"


def test_what_was_bought_before_the_day_was_spent_is_done(start_runtime: StartRuntime, sandbox: Sandbox) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, DAILY_TOKENS="1000"))
    runtime.identify(sandbox.register())
    wordy = "report no usage " + "x" * 4000
    receipts = [runtime.buy(f"MARKER-{number} {wordy}", secrets.token_hex(10)).json() for number in range(2)]
    for receipt in receipts:
        sandbox.buy(receipt)
        assert runtime.ended(receipt["id"])["status"] == "completed"
    refused = runtime.buy("tea", secrets.token_hex(10))
    assert (refused.status_code, refused.json()["error"]) == (503, "DAILY_TOKENS_SPENT")
