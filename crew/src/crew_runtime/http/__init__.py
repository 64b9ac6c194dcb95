"""MIP-003 over HTTP: the endpoints, and what they check."""
