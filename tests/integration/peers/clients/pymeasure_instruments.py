"""PyMeasure instruments, unmodified, against emulated VNAs."""

from importlib.metadata import version

import numpy as np
from pymeasure.instruments.agilent import AgilentE5062A
from pymeasure.instruments.anritsu import AnritsuMS4644B
from readings import main, reading

_TERMINATORS = {"read_termination": "\n", "write_termination": "\n"}


def read_e5062a(case):
    vna = AgilentE5062A(case["resource"], visa_library="@py", **_TERMINATORS)
    try:
        channel = vna.channels[1]
        channel.start_frequency = case["start_hz"]
        channel.stop_frequency = case["stop_hz"]
        channel.scan_points = case["points"]
        channel.IF_bandwidth = 1000
        channel.visible_traces = 2
        names = ("S11", "S21")
        for trace, name in zip(channel.traces.values(), names, strict=True):
            trace.parameter = name
        channel.trigger_continuous = False
        vna.trigger_source = "BUS"
        vna.abort()
        channel.trigger_initiate()
        vna.trigger_single()
        vna.wait_for_complete()
        found = {}
        for trace, name in zip(channel.traces.values(), names, strict=True):
            trace.activate()
            channel.trace_format = "POL"
            real, imaginary = channel.data
            found[name] = reading(channel.frequencies, real + 1j * imaginary)
        return found
    finally:
        vna.adapter.close()


def read_ms4644b(case):
    vna = AnritsuMS4644B(
        case["resource"],
        visa_library="@py",
        active_channels=1,
        installed_ports=4,
        traces_per_channel=1,
        **_TERMINATORS,
    )
    try:
        channel = vna.ch_1
        channel.frequency_start = case["start_hz"]
        channel.frequency_stop = case["stop_hz"]
        channel.number_of_points = case["points"]
        channel.bandwidth = 1000
        channel.tr_1.measurement_parameter = "S21"
        vna.datablock_numeric_format = "8byte"
        vna.binary_data_byte_order = "SWAP"
        vna.hold_function_all_channels = "SING"
        vna.trigger_single()
        vna.ask("*OPC?")
        # The class has no property for complex data; its adapter reads them.
        axis_hz = _block(vna, ":SENS1:FREQ:DATA?")
        pairs = _block(vna, ":CALC1:SEL:DATA:SDAT?")
        assert vna.check_errors() == []
        return {"S21": reading(axis_hz, pairs.view(np.complex128))}
    finally:
        vna.adapter.close()


def _block(vna, query):
    values = vna.adapter.connection.query_binary_values(query, datatype="d")
    return np.asarray(values)


if __name__ == "__main__":
    main(
        {"PyMeasure": version("PyMeasure")},
        {"e5062a": read_e5062a, "ms4644b": read_ms4644b},
    )
