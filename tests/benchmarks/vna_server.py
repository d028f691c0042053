"""One emulated PNA whose sweeps take no time, in a process of its own.

Prints its resource names as a JSON list and serves until it is terminated.
"""

import asyncio
import json
import sys

from instruments.array import ArrayConfig
from instruments.simulation.serving import serve_array

DOCUMENT = {
    "schema_version": 1,
    "array": {"name": "bench"},
    "instruments": {"vna": {"vna-1": {"resource": "TCPIP::127.0.0.1::0::SOCKET"}}},
    "sweeps": {
        "wide": {
            "purpose": "wide",
            "s_parameters": ["S21"],
            "start_frequency_hz": 4e9,
            "stop_frequency_hz": 8e9,
            "point_count": 1601,
        }
    },
    "schedule": {"wide": {"period_s": 60}},
    "cavities": {
        "cavity-1": {
            "vna": "vna-1",
            "expected": {
                "resonant_frequency_hz": 5.1e9,
                "loaded_q": 8000,
                "coupling_beta": 1.5,
            },
        }
    },
    "simulation": {"seed": 7},
}


async def serve(speed: float) -> None:
    config = ArrayConfig.model_validate(DOCUMENT)
    async with serve_array(config, speed=speed, is_instant=True) as served:
        print(json.dumps(served.resources["vna-1"]), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
