"""RsInstrument, unmodified, over its own socket code and over VISA."""

from importlib.metadata import version

import numpy as np
from readings import main, reading
from RsInstrument import BinFloatFormat, RsInstrument


def read_znb(case, visa):
    vna = RsInstrument(
        case["resource"],
        id_query=True,
        reset=False,
        options=f"SelectVisa='{visa}'",
    )
    try:
        vna.opc_timeout = 10_000
        vna.write_str_with_opc(f"SENS1:FREQ:STAR {case['start_hz']}")
        vna.write_str_with_opc(f"SENS1:FREQ:STOP {case['stop_hz']}")
        vna.write_int("SENS1:SWE:POIN", case["points"])
        vna.write_str("SENS1:BAND 1 kHz")
        vna.write_str("CALC1:PAR:SDEF 'Peer','S21'")
        vna.write_str("CALC1:PAR:SEL 'Peer'")
        vna.write_str("INIT1:CONT OFF")
        vna.write_str_with_opc("INIT1:IMM")
        vna.write_str("FORM REAL,64;:FORM:BORD SWAP")
        vna.bin_float_numbers_format = BinFloatFormat.Double_8bytes
        axis_hz = vna.query_bin_or_ascii_float_list("CALC1:DATA:STIM?")
        pairs = vna.query_bin_or_ascii_float_list("CALC1:DATA? SDAT")
        vna.check_status()
        trace = np.asarray(pairs).view(np.complex128)
        return {"S21": reading(axis_hz, trace)}
    finally:
        vna.close()


if __name__ == "__main__":
    main(
        {"RsInstrument": version("RsInstrument")},
        {
            "znb": lambda case: read_znb(case, "SocketIo"),
            "znb-visa": lambda case: read_znb(case, "@py"),
        },
    )
