"""Does one job after another, each as the runtime would do it: by its runner, its gateway and a worker of its own."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.logs import configure_logging
from crew_runtime.declared.declaration import Declaration, load_declaration
from crew_runtime.declared.input_values import InputError, read_input
from crew_runtime.hosting.assembly import Shared, plan_of
from crew_runtime.machine.settings import WORK_FOLDER, Settings
from crew_runtime.model.agent_model import AgentModel
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.workplaces import Workplaces
from crew_runtime.store import JobStore, lock_data, open_store
from crew_runtime.try_out import PRELOAD
from crew_runtime.try_out.conversation import Conversation
from crew_runtime.try_out.trial import Trial

_UNREGISTERED: Final = "00" * 28 + "00"
"""Jobs have the identifier of their agent, which has none yet."""


def serve(data_dir: Path) -> None:
    """Do what is asked for until the input ends."""
    asyncio.run(_serve(data_dir))


async def _serve(data_dir: Path) -> None:
    conversation = Conversation()
    with (data_dir / "runtime.log").open("w", encoding="utf-8") as log:
        while (wanted := await conversation.next_run()) is not None:
            try:
                await _run(wanted, data_dir, conversation, log)
            except (ConfigurationError, InputError) as error:
                conversation.tell("refused", problems=list(error.problems))


async def _run(wanted: Mapping[str, Any], data_dir: Path, conversation: Conversation, log: TextIO) -> None:
    """Do one job; it leaves nothing behind but the cache of the documents."""
    declaration = load_declaration(Path(wanted["declaration"]))
    read_input(declaration.input, wanted["input"])
    settings = _settings(wanted, data_dir)
    configure_logging(agent=declaration.id, instance=settings.agent_instance, stream=log)
    places = Workplaces(data_dir / WORK_FOLDER)
    places.begin()
    shared = Shared.of(1, None)
    shared.start(PRELOAD)
    try:
        with _store_of(settings, declaration) as store:
            model = AgentModel(shared.gateway, DailyTokens(store, settings.daily_tokens))
            plan = plan_of(settings, declaration, places)
            runner = JobRunner(store=store, model=model, plan=plan, slots=shared.slots, threads=shared.jobs)
            trial = Trial(runner, shared.gateway, store, conversation)
            try:
                await trial.run(wanted["input"], _UNREGISTERED, wanted.get("schema"))
            finally:
                await runner.stop(0)
    finally:
        await shared.stop()


def _settings(wanted: Mapping[str, Any], data_dir: Path) -> Settings:
    """Return the runtime's own settings, so that a job has the limits that it has when it is served."""
    model = wanted["model"]
    return Settings.from_environment(
        {
            "PORT": "0",
            "AGENT_DECLARATION": wanted["declaration"],
            "AGENT_IDENTIFIER": _UNREGISTERED,
            "DATA_DIR": str(data_dir),
            "MODEL_API": model["api"],
            "MODEL_KEY": model["key"],
            "MODEL_NAME": model["name"],
        }
    )


@contextmanager
def _store_of(settings: Settings, declaration: Declaration) -> Iterator[JobStore]:
    """Open a store for one job, which is removed after it."""
    for left in settings.data_dir.glob("jobs.sqlite*"):
        left.unlink()
    lock = lock_data(settings.data_dir)
    store = open_store(settings, declaration.id)
    try:
        yield store
    finally:
        store.disconnect()
        for file in settings.data_dir.glob("jobs.sqlite*"):
            file.unlink()
        lock.close()
