"""What the process holds before it serves: its ports, and its data folder."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.temporary import make_temporary_folder
from crew_runtime.machine.confinement import close_to_jobs
from crew_runtime.machine.service_settings import HOSTED_FOLDER, ServiceSettings
from crew_runtime.machine.settings import DOCUMENTS_FOLDER, WORK_FOLDER
from crew_runtime.runner.forking import SERVER
from crew_runtime.store import lock_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`listener` is for customers, `internal` for operators; `temporary` is the folder for temporary files."""

    settings: ServiceSettings
    listener: socket.socket
    internal: socket.socket | None
    temporary: Path


@contextmanager
def held(settings: ServiceSettings) -> Iterator[Held]:
    """Take the ports and the data folder.

    The ports come first: a port that is taken also keeps a second runtime off the job store.

    Raises:
        ConfigurationError: one of them is not to be had.

    """
    listener = _listen(settings.host, settings.port)
    internal = None if settings.internal_port is None else _listen(settings.host, settings.internal_port)
    if SERVER.has_users:
        _close_data_folder(settings)
    with lock_data(settings.data_dir):
        temporary = make_temporary_folder(settings.data_dir)
        yield Held(settings=settings, listener=listener, internal=internal, temporary=temporary)


def _close_data_folder(settings: ServiceSettings) -> None:
    """Keep jobs out of what is in the data folder, but for what an agent's jobs read."""
    try:
        if settings.agents:
            close_to_jobs(settings.data_dir, open_folders={HOSTED_FOLDER})
            close_to_jobs(settings.data_dir / HOSTED_FOLDER, open_folders=set())
        else:
            close_to_jobs(settings.data_dir, open_folders={WORK_FOLDER, DOCUMENTS_FOLDER})
    except OSError as error:
        description = ServiceSettings.model_fields["data_dir"].description
        problem = f"DATA_DIR: {settings.data_dir} cannot be used ({error.strerror}). {description}"
        raise ConfigurationError([problem]) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problem = f"HOST and PORT: cannot listen on {host} port {port} ({reason}). Set them to a free address."
        raise ConfigurationError([problem]) from None
