"""The agent by MCP: its job as a tool, over streamable HTTP without sessions."""
