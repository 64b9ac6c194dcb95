"""What an agent knows: its documents, read once, found again by meaning."""
