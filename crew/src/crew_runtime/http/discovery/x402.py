"""The manifest of an agent that the network's registry lists by its resources: what can be called, and with what.

How they are paid is said by the registry's entry, never here.
"""

from typing import Any

from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.job_schema import job_schema
from crew_runtime.http.discovery.openapi import start_request
from crew_runtime.http.mcp.tools import job_tool
from crew_runtime.http.mcp.wire import PATH


def x402_manifest(declaration: Declaration, url: str) -> dict[str, Any]:
    """Return the manifest: MIP-003's /start_job, and the tool of /mcp.

    It has no `x402Version`, as no resource speaks that protocol itself: jobs are paid as MIP-003 has it.
    """
    about = " ".join(filter(None, (declaration.description, declaration.disclosure)))
    job = job_schema(declaration.input)
    return {
        "resources": [
            {
                "resource": f"{url}/start_job",
                "type": "http",
                "description": about,
                "mimeType": "application/json",
                "inputSchema": start_request(job, is_paid=declaration.is_paid),
            },
            {
                "resource": f"{url}{PATH}#{job_tool(declaration)}",
                "type": "mcp",
                "description": about,
                "mimeType": "application/json",
                "inputSchema": job,
            },
        ]
    }
