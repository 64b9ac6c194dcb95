"""An MCP server on loopback, with a tool that counts pots."""

import threading
from typing import Any

import uvicorn
from mcp.server.fastmcp import FastMCP

from support.waiting import wait_for


class McpServer:
    """Answers by streamable HTTP at `url`, until it is closed."""

    def __init__(self) -> None:
        server = FastMCP("pots", stateless_http=True)

        @server.tool()
        def count_pots(kind: str) -> str:
            """Count the pots of a kind."""
            return f"MARKER-{kind}_pots"

        self._server = uvicorn.Server(
            uvicorn.Config(server.streamable_http_app(), port=0, log_config=None, timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server.started)
        port: Any = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/mcp"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
