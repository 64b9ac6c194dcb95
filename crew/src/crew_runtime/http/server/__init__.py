"""Connections, ports, bodies and headers: HTTP itself, without knowing what is served."""
