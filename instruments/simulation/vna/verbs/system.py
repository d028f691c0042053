"""Transfer format, preset, what the instrument is, and settings without effect."""

from collections.abc import Callable

from instruments.simulation.faults import FaultKind
from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb


def _format(vna: EmulatedVna, call: Call) -> str:
    del call
    return vna.model.describe_format(vna.format.bit_count)


def _set_width(vna: EmulatedVna, call: Call) -> None:
    kind = call.arguments.choice("ASCii", "REAL")
    width = call.arguments.integer(0, 64) if len(call.arguments) else 0
    vna.format.bit_count = 0 if kind == "ASC" else (32 if width == 32 else 64)


FORMAT = Verb(_format, _set_width)
"""``FORM REAL,64``."""


def _set_word(vna: EmulatedVna, call: Call) -> None:
    kind = call.arguments.choice("ASCii", "REAL32", "REAL")
    if kind != "ASC" and vna.model.quirks.is_text_on_socket and call.is_raw_socket:
        raise ScpiFault(-221, "Settings conflict", "binary transfer needs HiSLIP")
    vna.format.bit_count = {"ASC": 0, "REAL32": 32}.get(kind, 64)


FORMAT_WORD = Verb(_format, _set_word)
"""``FORM:DATA REAL32``."""


def _order(vna: EmulatedVna, call: Call) -> str:
    del call
    return "SWAP" if vna.format.is_swapped else "NORM"


def _set_order(vna: EmulatedVna, call: Call) -> None:
    vna.format.is_swapped = call.arguments.choice("NORMal", "SWAPped") == "SWAP"


BYTE_ORDER = Verb(_order, _set_order)


def _preset(vna: EmulatedVna, call: Call) -> None:
    del call
    vna.reset()


PRESET = Verb(command=_preset)


def constant(write: Callable[[EmulatedVna], str]) -> Verb:
    """Return a verb that answers what the model says."""

    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return write(vna)

    return Verb(query)


PORT_COUNT = constant(lambda vna: vna.model.text.integer(vna.model.port_count))
LOWEST_FREQUENCY = constant(
    lambda vna: vna.model.text.number(vna.model.limits.lowest_frequency_hz)
)
HIGHEST_FREQUENCY = constant(
    lambda vna: vna.model.text.number(vna.model.limits.highest_frequency_hz)
)
MAX_POINTS = constant(
    lambda vna: vna.model.text.integer(vna.model.limits.max_point_count)
)
ACTIVE_CHANNEL = constant(lambda vna: vna.model.text.integer(vna.active_channel))
CHANNEL_COUNT = constant(
    lambda vna: vna.model.text.integer(vna.model.limits.max_channel_count)
)


def _set_active(vna: EmulatedVna, call: Call) -> None:
    number = call.arguments.integer(1, vna.model.limits.max_channel_count)
    vna.channel(number)
    vna.active_channel = number


CHOOSE_CHANNEL = Verb(ACTIVE_CHANNEL.query, _set_active)


def _activate(vna: EmulatedVna, call: Call) -> None:
    vna.channel_of(call)
    vna.active_channel = call.suffixes[0]


ACTIVATE_CHANNEL = Verb(ACTIVE_CHANNEL.query, _activate)


def _channels(vna: EmulatedVna, call: Call) -> str:
    del call
    return f'"{",".join(str(number) for number in sorted(vna.channels))}"'


CHANNEL_CATALOGUE = Verb(_channels)


def _all_errors(vna: EmulatedVna, call: Call) -> str:
    del call
    entries = [vna.status.next_error()]
    while vna.status.error_count:
        entries.append(vna.status.next_error())
    return ",".join(vna.model.text.error.format(number=n, text=t) for n, t in entries)


ALL_ERRORS = Verb(_all_errors)


def _integrity(vna: EmulatedVna, call: Call) -> str:
    del call
    return vna.model.text.integer(
        2 if vna.faults.has(FaultKind.REFERENCE_UNLOCKED) else 0
    )


INTEGRITY = Verb(_integrity)
"""``STAT:QUES:INT:HARD?`` of R&S: bit 1 while the reference is not locked."""


def remembered(key: str, preset: str, *words: str) -> Verb:
    """Return a word that is kept and given back, without any effect on a sweep."""

    def query(vna: EmulatedVna, call: Call) -> str:
        return vna.settings.get((key, call.suffixes), preset)

    def command(vna: EmulatedVna, call: Call) -> None:
        vna.settings[key, call.suffixes] = call.arguments.choice(*words)

    return Verb(query, command)


def shared_word(key: str, preset: str, *words: str) -> Verb:
    """Return a word of the whole instrument that is kept and given back."""

    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return vna.settings.get(key, preset)

    def command(vna: EmulatedVna, call: Call) -> None:
        vna.settings[key] = call.arguments.choice(*words)

    return Verb(query, command)


def number(
    key: str, preset: float, lowest: float, highest: float, *, is_whole: bool = False
) -> Verb:
    """Return a number that is kept and given back, without any effect on a sweep."""

    def query(vna: EmulatedVna, call: Call) -> str:
        value = float(vna.settings.get((key, call.suffixes), preset))
        text = vna.model.text
        return text.integer(int(value)) if is_whole else text.number(value)

    def command(vna: EmulatedVna, call: Call) -> None:
        value = call.arguments.number(lowest, highest)
        vna.settings[key, call.suffixes] = repr(value)

    return Verb(query, command)


def _take_all(vna: EmulatedVna, call: Call) -> None:
    del vna
    while len(call.arguments):
        call.arguments.string()


IGNORED = Verb(command=_take_all)
"""A command about the screen: understood, and without any effect here."""


def switch(key: str, preset: str = "0") -> Verb:
    """Return a truth value that is kept and given back, without any effect."""

    def query(vna: EmulatedVna, call: Call) -> str:
        return vna.settings.get((key, call.suffixes), preset)

    def command(vna: EmulatedVna, call: Call) -> None:
        vna.settings[key, call.suffixes] = "1" if call.arguments.truth() else "0"

    return Verb(query, command)
