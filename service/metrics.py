"""Prometheus series of the service."""
