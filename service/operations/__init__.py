"""What the service does, a verb a file; each owns its transaction."""
