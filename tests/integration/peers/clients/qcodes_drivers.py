"""QCoDeS drivers, unmodified, against emulated VNAs."""

import numpy as np
import qcodes
from qcodes.instrument_drivers.CopperMountain import CopperMountainM5180
from qcodes.instrument_drivers.Keysight import KeysightN5245A
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzZNB20
from readings import main, reading


def read_pna(case):
    vna = KeysightN5245A("pna", case["resource"], visalib="@py")
    try:
        vna.start(case["start_hz"])
        vna.stop(case["stop_hz"])
        vna.points(case["points"])
        vna.if_bandwidth(1000)
        vna.trace("S21")
        trace = vna.polar()
        return {"S21": reading(vna.frequency_axis(), trace)}
    finally:
        vna.close()


def read_znb(case):
    vna = RohdeSchwarzZNB20("znb", case["resource"], visalib="@py", init_s_params=False)
    try:
        vna.add_channel("S21")
        channel = vna.channels.S21
        channel.start(case["start_hz"])
        channel.stop(case["stop_hz"])
        channel.npts(case["points"])
        channel.bandwidth(1000)
        vna.rf_on()
        channel.avg(1)
        magnitude, phase = channel.trace_mag_phase()
        axis = channel.trace_mag_phase.setpoints[0][0]
        return {"S21": reading(axis, magnitude * np.exp(1j * phase))}
    finally:
        vna.close()


def read_m5180(case):
    vna = CopperMountainM5180("m5180", case["resource"], visalib="@py")
    try:
        vna.start(case["start_hz"])
        vna.stop(case["stop_hz"])
        vna.number_of_points(case["points"])
        vna.if_bandwidth(1000)
        out = {}
        for name in ("s21", "s11"):
            parameter = getattr(vna, name)
            magnitude_db, phase_rad = parameter()
            level = 10 ** (np.asarray(magnitude_db) / 20)
            axis = parameter.setpoints[0][0]
            out[name.upper()] = reading(
                axis, level * np.exp(1j * np.asarray(phase_rad))
            )
        return out
    finally:
        vna.close()


if __name__ == "__main__":
    main(
        {"qcodes": qcodes.__version__},
        {"pna": read_pna, "znb": read_znb, "m5180": read_m5180},
    )
