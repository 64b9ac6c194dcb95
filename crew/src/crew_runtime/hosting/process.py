"""The process from its settings on: CrewAI takes longest to load, so that begins as soon as they are known to be right.

What is imported here is what the settings need; what serves is imported beside CrewAI.
"""

import os
from collections.abc import Mapping, Sequence

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.hosting.configured_agent import ConfiguredAgent, read_agent
from crew_runtime.hosting.held import Held, held
from crew_runtime.machine.environment import scrubbed
from crew_runtime.machine.service_settings import ServiceSettings
from crew_runtime.machine.settings import Settings
from crew_runtime.runner.forking import PRELOAD, SERVER


def serve() -> Sequence[str]:
    """Serve one agent or many, until a signal, and return no problems; or why there is nothing to serve any more.

    Raises:
        ConfigurationError: it cannot even begin.

    """
    environment = dict(os.environ)
    if environment.get("AGENTS", "").strip():
        return _serve_many(environment)
    settings, declaration = read_agent(environment, Settings)
    configured = ConfiguredAgent(settings=settings, declaration=declaration)
    with held(settings) as what:
        _begin_to_load_crewai(what)
        from crew_runtime.hosting.serving import serve_one  # noqa: PLC0415 - takes a while, and CrewAI longer

        return serve_one(what, settings, configured, environment)


def _serve_many(environment: Mapping[str, str]) -> Sequence[str]:
    if environment.get("AGENT_DECLARATION", "").strip():
        raise ConfigurationError(["AGENTS and AGENT_DECLARATION: are both set. Set one of them, the other to nothing."])
    with held(ServiceSettings.from_environment(environment)) as what:
        _begin_to_load_crewai(what)
        from crew_runtime.hosting.serving import serve_many  # noqa: PLC0415 - as above

        return serve_many(what, environment)


def _begin_to_load_crewai(what: Held) -> None:
    SERVER.load(PRELOAD, scrubbed(os.environ, home=what.settings.data_dir, temporary=what.temporary))
