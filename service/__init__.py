"""The memory and voice of halowatch: storage, HTTP, alerts and the dashboard."""
