"""Serves one CrewAI crew as a Masumi agent by the endpoints of MIP-003."""
