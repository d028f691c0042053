"""The errors that a client may see, with their code and HTTP status."""
