"""Alarm rules and notifiers."""
