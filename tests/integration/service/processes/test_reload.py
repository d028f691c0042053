"""SIGHUP: new settings in every process, old ones where the new are wrong."""

import signal
from pathlib import Path

UNSET = ("HALOWATCH_CHANNELS", "HALOWATCH_PUBLIC_URL")
"""What the file shall say, so the environment must not."""


def test_new_channels_are_taken_up_and_wrong_ones_are_not(
    serve, webhook, wait_for, tmp_path: Path
):
    file = tmp_path / "halowatch.env"
    file.write_text("HALOWATCH_PUBLIC_URL=http://127.0.0.1:1\n")
    served = serve(HALOWATCH_SETTINGS_FILE=str(file), without=UNSET)
    served.client.put("/cavities/silent", json={"sweep_period_s": 1})

    def alerts() -> list[dict]:
        return served.client.get("/alerts").json()["alerts"]

    (alert,) = wait_for(alerts)
    assert alert["deliveries"] == []

    def hang_up(text: str) -> None:
        file.write_text(text)
        served.process.send_signal(signal.SIGHUP)

    def settings() -> str | None:
        return served.client.get("/readyz").json()["checks"]["settings"]["reason"]

    hang_up("HALOWATCH_CHANNELS=nonsense\n")
    wait_for(lambda: "HALOWATCH_CHANNELS" in (settings() or ""))
    assert served.client.get("/readyz").status_code == 200
    assert "halowatch_settings_good 0.0" in served.client.get("/metrics").text
    hang_up(
        f"HALOWATCH_CHANNELS=oncall={webhook.url}\n"
        "HALOWATCH_PUBLIC_URL=http://wall.example\n"
    )
    wait_for(lambda: settings() is None)
    assert "halowatch_settings_good 1.0" in served.client.get("/metrics").text
    # The alert that stood goes on, as old as it was; the next message has an address.
    (same,) = alerts()
    assert (same["id"], same["raised_at"]) == (alert["id"], alert["raised_at"])
    body = {"by": "ada", "duration_s": 600}
    served.client.post(f"/alerts/{alert['id']}/acknowledge", json=body)
    wait_for(lambda: webhook.messages)
    (message,) = webhook.messages
    assert message["event"] == "acknowledged"
    assert message["url"].startswith("http://wall.example/")
    assert served.process.poll() is None
