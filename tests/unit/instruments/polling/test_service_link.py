"""What the service is told about a cavity."""

from instruments.array.config import ArrayConfig
from instruments.polling.service_link import registration_of


def test_registration_names_what_the_array_file_knows():
    config = ArrayConfig.model_validate(
        {
            "schema_version": 1,
            "array": {"name": "a"},
            "instruments": {"vna": {"v": {"resource": "TCPIP::vna::INSTR"}}},
            "sweeps": {
                "broad": {
                    "purpose": "wide",
                    "s_parameters": ["S21"],
                    "start_frequency_hz": 4e9,
                    "stop_frequency_hz": 8e9,
                    "point_count": 11,
                },
                "narrow": {
                    "purpose": "transmission",
                    "s_parameters": ["S21"],
                    "point_count": 11,
                },
            },
            "schedule": {"broad": {"period_s": 60}, "narrow": {"period_s": 5}},
            "cavities": {
                "c": {
                    "vna": "v",
                    "temperature_limit_k": 12,
                    "expected": {"resonant_frequency_hz": 5e9, "loaded_q": 8000},
                }
            },
        }
    )
    assert registration_of(config, config.cavities["c"]) == {
        "enabled": True,
        "vna": "v",
        "expected_resonant_frequency_hz": 5e9,
        "expected_loaded_q": 8000.0,
        "sweep_period_s": 60.0,
        "temperature_limit_k": 12.0,
    }
