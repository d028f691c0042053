"""Receiver physics as pure functions, the same with numpy and with torch."""
