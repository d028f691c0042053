"""What carries a sweep to the service without losing it: spool, client, uploader."""
