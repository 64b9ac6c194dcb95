"""
MiniStack, with what AWS has and it does not: the region and credentials that Fargate gives a task (TASK_ENVIRONMENT), and identity
providers in CloudFormation's templates.
"""

import json
import os
import signal
import stat
import sys
import threading
from typing import Any

from ministack.app import main
from ministack.services import ecs, iam
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

_ADDED: dict[str, str] = json.loads(os.environ.get("TASK_ENVIRONMENT", "{}"))
_register_metadata = ecs._register_metadata


def _with_environment(task_arn: str, cluster: str, td: Any, cdef: Any, launch: str, env: dict[str, str], *rest: Any) -> Any:
    token = _register_metadata(task_arn, cluster, td, cdef, launch, env, *rest)
    for name, value in _ADDED.items():
        env.setdefault(name, value)
    return token


def _create_provider(_logical_id: str, props: Any, _stack: str) -> tuple[str, dict[str, str]]:
    clients = {f"ClientIDList.member.{number}": [name] for number, name in enumerate(props["ClientIdList"], 1)}
    status, _headers, body = iam._create_oidc_provider({"Url": [props["Url"]], **clients})
    if status != 200:
        raise ValueError(body)
    arn = f"arn:aws:iam::{iam.get_account_id()}:oidc-provider/{props['Url'].removeprefix('https://')}"
    return arn, {"Arn": arn}


def _delete_provider(physical_id: str, _props: Any) -> None:
    iam._delete_oidc_provider({"OpenIDConnectProviderArn": [physical_id]})


def _end_with_parent() -> None:
    """The standard input is a pipe of whoever started this: when it ends, nobody is left to stop it and its containers."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


ecs._register_metadata = _with_environment
_RESOURCE_HANDLERS["AWS::IAM::OIDCProvider"] = {"create": _create_provider, "delete": _delete_provider}
# Whoever gives it /dev/null ends it in another way.
if not stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode):
    threading.Thread(target=_end_with_parent, daemon=True).start()
main()
