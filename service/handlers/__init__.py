"""HTTP: requests in, answers out, nothing else."""
