import pytest

from instruments.array import ArrayConfig


def array_mapping(count):
    return {
        "schema_version": 1,
        "array": {"name": "bench"},
        "instruments": {
            "vna": {
                f"vna-{n}": {"resource": "TCPIP::127.0.0.1::hislip0,0::INSTR"}
                for n in range(1, count + 1)
            },
            "sensor": {
                "thermometer": {
                    "driver": "lakeshore_372",
                    "resource": "TCPIP::127.0.0.1::0::SOCKET",
                    "readings": {
                        "5": "receiver_temperature_k",
                        "6": "mixing_chamber_temperature_k",
                    },
                }
            }
            | {
                f"gaussmeter-{n}": {
                    "driver": "lakeshore_475",
                    "resource": "TCPIP::127.0.0.1::0::SOCKET",
                    "readings": {"1": "stray_field_tesla"},
                    "cavity": f"cavity-{n}",
                }
                for n in range(1, count + 1)
            },
        },
        "sweeps": {
            "wide": {
                "purpose": "wide",
                "s_parameters": ["S21", "S23", "S11"],
                "start_frequency_hz": 4.0e9,
                "stop_frequency_hz": 8.0e9,
                "point_count": 201,
            }
        },
        "schedule": {"wide": {"period_s": 60.0}},
        "cavities": {
            f"cavity-{n}": {
                "vna": f"vna-{n}",
                "expected": {
                    "resonant_frequency_hz": 5.0e9 + 2.0e8 * n,
                    "loaded_q": 8000.0,
                    "coupling_beta": 1.5,
                },
                "thermal_cycle": "2026-11",
            }
            for n in range(1, count + 1)
        },
        "simulation": {"seed": 7},
    }


@pytest.fixture(scope="package")
def array_config():
    return ArrayConfig.model_validate(array_mapping(2))


@pytest.fixture
def make_array_mapping():
    return array_mapping
