"""What every client script has: cases in as JSON, readings out as JSON."""

import json
import sys
import time
import traceback


def reading(frequency_hz, trace):
    """Return an axis in Hz and a complex trace as lists."""
    return {
        "frequency_hz": [float(one) for one in frequency_hz],
        "real": [float(one.real) for one in trace],
        "imag": [float(one.imag) for one in trace],
    }


def main(versions, readers):
    """Read the cases from standard input, run each, write what was read."""
    cases = json.load(sys.stdin)
    results = {}
    for name, case in cases.items():
        begun_s = time.monotonic()
        try:
            results[name] = {"readings": readers[case["reader"]](case)}
        except Exception:  # noqa: BLE001 - a client's failure is an answer too
            results[name] = {"error": traceback.format_exc()}
        results[name]["seconds"] = time.monotonic() - begun_s
    sys.stdout.write(json.dumps({"versions": versions, "results": results}) + "\n")
