"""SENSe, SOURce, OUTPut, TRIGger and INITiate of the PNA dialect."""

from collections.abc import Callable

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna import settings as limits
from instruments.simulation.vna.channel import Channel, SweepMode
from instruments.simulation.vna.encoding import write_number, write_truth
from instruments.simulation.vna.pna import PnaDevice

_MODES = ("HOLD", "SINGle", "GROups", "CONTinuous")


def add_stimulus_commands(pna: PnaDevice) -> None:
    """Teach a PNA everything about sweeping."""
    _add_frequency(pna)
    _add_sweep(pna)
    _add_receiver(pna)
    _add_trigger(pna)


def _add_frequency(pna: PnaDevice) -> None:
    def add(node: str, read: Callable[[Channel], float], write: str) -> None:
        def command(call: Call) -> None:
            channel = pna.channel_of(call)
            lowest = 0.0 if write == "span" else limits.LOWEST_FREQUENCY_HZ
            value_hz = call.arguments.number(lowest, limits.HIGHEST_FREQUENCY_HZ)
            _set_frequency(channel, write, value_hz)

        pna.add(
            f"SENSe#:FREQuency:{node}",
            query=lambda call: write_number(read(pna.channel_of(call))),
            command=command,
        )

    add("STARt", lambda one: one.stimulus.start_hz, "start")
    add("STOP", lambda one: one.stimulus.stop_hz, "stop")
    add("CENTer", _center_hz, "center")
    add("SPAN", _span_hz, "span")


def _center_hz(channel: Channel) -> float:
    return 0.5 * (channel.stimulus.start_hz + channel.stimulus.stop_hz)


def _span_hz(channel: Channel) -> float:
    return channel.stimulus.stop_hz - channel.stimulus.start_hz


def _set_frequency(channel: Channel, what: str, value_hz: float) -> None:
    stimulus = channel.stimulus
    before = (stimulus.start_hz, stimulus.stop_hz)
    match what:
        case "start":
            stimulus.set_start(value_hz)
        case "stop":
            stimulus.set_stop(value_hz)
        case "center":
            stimulus.set_window(value_hz, _span_hz(channel))
        case _:
            stimulus.set_window(_center_hz(channel), value_hz)
    if (stimulus.start_hz, stimulus.stop_hz) != before:
        channel.forget()


def _add_sweep(pna: PnaDevice) -> None:
    def set_points(call: Call) -> None:
        channel = pna.channel_of(call)
        count = call.arguments.integer(1, limits.MAX_POINTS)
        if count != channel.stimulus.point_count:
            channel.stimulus.point_count = count
            channel.forget()

    def set_type(call: Call) -> None:
        chosen = call.arguments.choice("LINear", "LOGarithmic", "SEGMent")
        if chosen == "SEGM":
            raise ScpiFault(-221, "Settings conflict", "no segments are defined")
        stimulus = pna.channel_of(call).stimulus
        if stimulus.sweep_type != chosen:
            stimulus.sweep_type = chosen
            pna.channel_of(call).forget()

    def set_time(call: Call) -> None:
        stimulus = pna.channel_of(call).stimulus
        stimulus.set_time_s = call.arguments.number(0.0, limits.LONGEST_SWEEP_S)

    def set_time_auto(call: Call) -> None:
        stimulus = pna.channel_of(call).stimulus
        is_automatic = call.arguments.truth()
        stimulus.set_time_s = 0.0 if is_automatic else stimulus.pass_time_s

    def set_group(call: Call) -> None:
        pna.channel_of(call).group_count = call.arguments.integer(1, 2_000_000)

    def set_mode(call: Call) -> None:
        pna.channel_of(call).set_mode(SweepMode(call.arguments.choice(*_MODES)))

    pna.add(
        "SENSe#:SWEep:POINts",
        query=lambda call: f"{pna.channel_of(call).stimulus.point_count:+d}",
        command=set_points,
    )
    pna.add(
        "SENSe#:SWEep:TYPE",
        query=lambda call: pna.channel_of(call).stimulus.sweep_type,
        command=set_type,
    )
    pna.add(
        "SENSe#:SWEep:TIME",
        query=lambda call: write_number(pna.channel_of(call).stimulus.pass_time_s),
        command=set_time,
    )
    pna.add(
        "SENSe#:SWEep:TIME:AUTO",
        query=lambda call: write_truth(pna.channel_of(call).stimulus.set_time_s == 0.0),
        command=set_time_auto,
    )
    pna.add(
        "SENSe#:SWEep:GROups:COUNt",
        query=lambda call: f"{pna.channel_of(call).group_count:+d}",
        command=set_group,
    )
    pna.add(
        "SENSe#:SWEep:MODE",
        query=lambda call: str(pna.channel_of(call).mode),
        command=set_mode,
    )


def _add_receiver(pna: PnaDevice) -> None:
    def set_bandwidth(call: Call) -> None:
        value_hz = call.arguments.number(
            limits.LOWEST_BANDWIDTH_HZ, limits.HIGHEST_BANDWIDTH_HZ
        )
        stimulus = pna.channel_of(call).stimulus
        stimulus.if_bandwidth_hz = limits.next_bandwidth_hz(value_hz)

    def set_averaging(call: Call) -> None:
        channel, is_on = pna.channel_of(call), call.arguments.truth()
        if channel.stimulus.is_averaging != is_on:
            channel.stimulus.is_averaging = is_on
            channel.clear_averages()

    def set_averages(call: Call) -> None:
        stimulus = pna.channel_of(call).stimulus
        stimulus.averaging_count = call.arguments.integer(1, limits.MAX_AVERAGES)

    def set_averaging_mode(call: Call) -> None:
        chosen = call.arguments.choice("POINt", "SWEep")
        pna.channel_of(call).stimulus.averages_points = chosen == "POIN"

    def set_power(call: Call) -> None:
        pna.channel_of(call).stimulus.power_dbm = call.arguments.number(
            limits.LOWEST_POWER_DBM, limits.HIGHEST_POWER_DBM
        )

    for node in ("BWIDth", "BANDwidth"):
        pna.add(
            f"SENSe#:{node}[:RESolution]",
            query=lambda call: write_number(
                pna.channel_of(call).stimulus.if_bandwidth_hz
            ),
            command=set_bandwidth,
        )
    pna.add(
        "SENSe#:AVERage[:STATe]",
        query=lambda call: write_truth(pna.channel_of(call).stimulus.is_averaging),
        command=set_averaging,
    )
    pna.add(
        "SENSe#:AVERage:COUNt",
        query=lambda call: f"{pna.channel_of(call).stimulus.averaging_count:+d}",
        command=set_averages,
    )
    pna.add(
        "SENSe#:AVERage:MODE",
        query=lambda call: (
            "POIN" if pna.channel_of(call).stimulus.averages_points else "SWE"
        ),
        command=set_averaging_mode,
    )
    pna.add(
        "SENSe#:AVERage:CLEar",
        command=lambda call: pna.channel_of(call).clear_averages(),
    )
    # Port powers are coupled, as after a preset: one level for all.
    pna.add(
        "SOURce#:POWer#[:LEVel][:IMMediate][:AMPLitude]",
        query=lambda call: write_number(pna.channel_of(call).stimulus.power_dbm),
        command=set_power,
    )


def _add_trigger(pna: PnaDevice) -> None:
    def set_source(call: Call) -> None:
        pna.bench.trigger_source = call.arguments.choice(
            "IMMediate", "MANual", "EXTernal"
        )
        if pna.bench.trigger_source == "IMM":
            pna.trigger()

    def set_continuous(call: Call) -> None:
        pna.bench.trigger_source = "IMM" if call.arguments.truth() else "MAN"

    def initiate(call: Call) -> None:
        channel = pna.channel_of(call)
        if pna.bench.trigger_source != "MAN":
            raise ScpiFault(-213, "Init ignored", "trigger source is not manual")
        if not channel.is_pending:
            channel.set_mode(SweepMode.SINGLE)
        channel.fire()
        pna.settle()

    def abort(call: Call) -> None:
        del call
        for channel in pna.channels.values():
            channel.abort()

    def set_output(call: Call) -> None:
        pna.bench.is_driven = call.arguments.truth()

    pna.add(
        "TRIGger[:SEQuence]:SOURce",
        query=lambda _: pna.bench.trigger_source,
        command=set_source,
    )
    pna.add(
        "INITiate#:CONTinuous",
        query=lambda _: write_truth(pna.bench.trigger_source == "IMM"),
        command=set_continuous,
    )
    pna.add("INITiate#[:IMMediate]", command=initiate)
    pna.add("ABORt", command=abort)
    pna.add(
        "OUTPut[:STATe]",
        query=lambda _: write_truth(pna.bench.is_driven),
        command=set_output,
    )
