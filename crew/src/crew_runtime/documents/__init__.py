"""The agent's documents: fetched, read, embedded once, and searched by meaning."""
