"""SYSTem, FORMat, DISPlay and MMEMory of the PNA dialect."""

from functools import partial

from instruments.simulation.scpi.device import Call
from instruments.simulation.vna import settings as limits
from instruments.simulation.vna.encoding import write_number, write_truth
from instruments.simulation.vna.pna import PORT_COUNT, PnaDevice

MAX_WINDOW = 64
"""Most windows on the screen."""


def add_system_commands(pna: PnaDevice) -> None:
    """Teach a PNA its housekeeping."""
    _add_format(pna)
    _add_system(pna)
    _add_display(pna)
    _add_remembered(pna)


def _add_format(pna: PnaDevice) -> None:
    def set_format(call: Call) -> None:
        kind = call.arguments.choice("ASCii", "REAL")
        width = call.arguments.integer(0, 64) if len(call.arguments) else 0
        pna.format.bit_count = 0 if kind == "ASC" else (32 if width == 32 else 64)

    def set_order(call: Call) -> None:
        pna.format.is_swapped = call.arguments.choice("NORMal", "SWAPped") == "SWAP"

    pna.add("FORMat[:DATA]", query=lambda _: pna.format.describe(), command=set_format)
    pna.add(
        "FORMat:BORDer",
        query=lambda _: "SWAP" if pna.format.is_swapped else "NORM",
        command=set_order,
    )


def _add_system(pna: PnaDevice) -> None:
    def active_measurement(call: Call) -> str:
        del call
        return f'"{pna.channel(pna.active_channel).selected or ""}"'

    def measurement_numbers(call: Call) -> str:
        number = pna.active_channel
        if len(call.arguments):
            number = call.arguments.integer(1, limits.MAX_POINTS)
        measurements = pna.channel(number).measurements.values()
        return f'"{",".join(str(one.trace_number) for one in measurements)}"'

    def channel_numbers(call: Call) -> str:
        del call
        return f'"{",".join(str(number) for number in sorted(pna.channels))}"'

    pna.add("SYSTem:PRESet", command=lambda _: pna.reset())
    pna.add("SYSTem:FPReset", command=lambda _: pna.reset())
    pna.add("SYSTem:ACTive:CHANnel", query=lambda _: f"{pna.active_channel:+d}")
    pna.add("SYSTem:ACTive:MEASurement", query=active_measurement)
    pna.add("SYSTem:CHANnels:CATalog", query=channel_numbers)
    pna.add("SYSTem:MEASure:CATalog", query=measurement_numbers)
    pna.add(
        "SYSTem:CAPability:HARDware:PORTs[:INTernal]:COUNt",
        query=lambda _: f"{PORT_COUNT:+d}",
    )
    # Client libraries send the mnemonic without its plural letter.
    pna.add("SYSTem:CAPability:HARDware:PORT:COUNt", query=lambda _: f"{PORT_COUNT:+d}")
    for node, value in (
        ("MINimum", limits.LOWEST_FREQUENCY_HZ),
        ("MAXimum", limits.HIGHEST_FREQUENCY_HZ),
    ):
        pna.add(f"SYSTem:CAPability:FREQuency:{node}", query=partial(_constant, value))


def _constant(value: float, call: Call) -> str:
    del call
    return write_number(value)


def _add_display(pna: PnaDevice) -> None:
    def windows(call: Call) -> str:
        del call
        numbers = ",".join(str(number) for number in sorted(pna.windows))
        return f'"{numbers or "EMPTY"}"'

    def set_window(call: Call) -> None:
        number = min(call.suffixes[0], MAX_WINDOW)
        if call.arguments.truth():
            pna.windows.setdefault(number, {})
        else:
            pna.windows.pop(number, None)

    def feed(call: Call) -> None:
        window, trace = min(call.suffixes[0], MAX_WINDOW), call.suffixes[1]
        name = call.arguments.string()
        pna.windows.setdefault(window, {})[min(trace, MAX_WINDOW)] = name

    def delete(call: Call) -> None:
        pna.windows.get(call.suffixes[0], {}).pop(call.suffixes[1], None)

    pna.add("DISPlay:CATalog", query=windows)
    pna.add("DISPlay:WINDow#:CATalog", query=windows)
    pna.add(
        "DISPlay:WINDow#[:STATe]",
        query=lambda call: write_truth(call.suffixes[0] in pna.windows),
        command=set_window,
    )
    pna.add("DISPlay:WINDow#:TRACe#:FEED", command=feed)
    pna.add("DISPlay:WINDow#:TRACe#:DELete", command=delete)


def _add_remembered(pna: PnaDevice) -> None:
    """Add settings that are kept and given back, without any effect on a sweep."""

    def add(pattern: str, key: str, preset: str, *words: str) -> None:
        def command(call: Call) -> None:
            pna.settings[key] = call.arguments.choice(*words)

        pna.add(pattern, query=lambda _: pna.settings.get(key, preset), command=command)

    formats = ("AUTO", "MA", "DB", "RI")
    add("MMEMory:STORe:TRACe:FORMat:SNP", "snp", "AUTO", *formats)
    add("TRIGger[:SEQuence]:SCOPe", "scope", "ALL", "ALL", "CURRent")
    add("DISPlay:ENABle", "display", "1", "1", "0", "ON", "OFF")
    add("SENSe#:CORRection[:STATe]", "correction", "0", "1", "0", "ON", "OFF")
    add("SOURce#:POWer#:COUPle", "coupling", "1", "1", "0", "ON", "OFF")
    add("SENSe#:SWEep:GENeration", "generation", "STEP", "STEPped", "ANALog")
