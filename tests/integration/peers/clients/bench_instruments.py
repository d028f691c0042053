"""QCoDeS and PyMeasure drivers of switches and sensors, unmodified."""

import sys
from importlib.metadata import version
from types import ModuleType

# QCoDeS's package of Mini-Circuits drivers imports the Windows-only USB one too.
sys.modules.setdefault("clr", ModuleType("clr"))

from pymeasure.instruments.ami import AMI430  # noqa: E402
from pymeasure.instruments.lakeshore import LakeShore425  # noqa: E402
from qcodes.instrument_drivers.american_magnetics import AMIModel430  # noqa: E402
from qcodes.instrument_drivers.Keysight.keysight_34980a import (  # noqa: E402
    Keysight34980A,
)
from qcodes.instrument_drivers.Lakeshore import (  # noqa: E402
    LakeshoreModel336,
    LakeshoreModel372,
)
from qcodes.instrument_drivers.Minicircuits import (  # noqa: E402
    MiniCircuitsRCSP4T,
    MiniCircuitsRCSPDT,
)
from readings import main  # noqa: E402

_TERMINATORS = {"read_termination": "\r\n", "write_termination": "\n"}


def read_372(case):
    bridge = LakeshoreModel372(
        "bridge", case["resource"], terminator="\r\n", visalib="@py"
    )
    try:
        return {"ch05": bridge.ch05.temperature(), "ch06": bridge.ch06.temperature()}
    finally:
        bridge.close()


def read_336(case):
    bridge = LakeshoreModel336(
        "stage", case["resource"], terminator="\r\n", visalib="@py"
    )
    try:
        return {"A": bridge.A.temperature()}
    finally:
        bridge.close()


def read_425(case):
    gaussmeter = LakeShore425(case["resource"], visa_library="@py", **_TERMINATORS)
    try:
        gaussmeter.unit = "G"
        in_gauss = float(gaussmeter.field)
        gaussmeter.unit = "T"
        return {"gauss": in_gauss, "tesla": float(gaussmeter.field)}
    finally:
        gaussmeter.adapter.close()


def read_ami430_pymeasure(case):
    magnet = AMI430(
        case["resource"],
        visa_library="@py",
        write_termination="\n",
        read_termination="\r\n",
    )
    try:
        return {"field_kg": magnet.field, "current_a": magnet.magnet_current}
    finally:
        magnet.adapter.close()


def read_ami430_qcodes(case):
    # Clearing would throw the greeting away, which the driver waits for.
    magnet = AMIModel430("magnet", case["resource"], visalib="@py", device_clear=False)
    try:
        magnet.field_units("tesla")
        return {"field_tesla": magnet.field(), "is_quenched": magnet.is_quenched()}
    finally:
        magnet.close()


def _address(case):
    _, host, port, _ = case["resource"].split("::")
    return host, int(port)


def move_sp4t(case):
    box = MiniCircuitsRCSP4T("sp4t", *_address(case))
    try:
        seen = []
        for position in (1, 3, 4, 2):
            box.channel_b.switch(position)
            seen.append(box.channel_b.switch())
        return {"model": box.IDN()["model"], "seen": seen}
    finally:
        box.close()


def move_spdt(case):
    box = MiniCircuitsRCSPDT("spdt", *_address(case))
    try:
        seen = []
        for position in (2, 1, 2):
            box.channel_a.switch(position)
            seen.append(box.channel_a.switch())
        return {"model": box.IDN()["model"], "seen": seen}
    finally:
        box.close()


def ask_34980a(case):
    unit = Keysight34980A("unit", case["resource"], visalib="@py")
    try:
        unit.ask("*IDN?")
        unit.write("ROUT:CLOS (@1102)")
        closed = unit.ask("ROUT:CLOS? (@1101,1102)")
        unit.disconnect_all()
        return {"closed": closed, "opened": unit.ask("ROUT:CLOS? (@1101,1102)")}
    finally:
        unit.close()


main(
    {name: version(name) for name in ("qcodes", "pymeasure")},
    {
        "372": read_372,
        "336": read_336,
        "425": read_425,
        "ami430-pymeasure": read_ami430_pymeasure,
        "ami430-qcodes": read_ami430_qcodes,
        "sp4t": move_sp4t,
        "spdt": move_spdt,
        "34980a": ask_34980a,
    },
)
