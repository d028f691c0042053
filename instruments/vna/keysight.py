"""The Keysight PNA family: PNA, PNA-L, PNA-X, and the newer E5080 and P50xx."""

from instruments.errors import GarbledReplyError
from instruments.vna.dialect import Dialect, Setting


def parse_catalog(reply: str) -> dict[str, str]:
    """Read ``"name,S11,name,S21"`` as trace name to S-parameter.

    Raises
    ------
    GarbledReplyError
        If the names and parameters do not come in pairs.
    """
    text = reply.strip().strip('"').strip()
    if not text or text.upper() == "NO CATALOG":
        return {}
    parts = [part.strip() for part in text.split(",")]
    if len(parts) % 2:
        raise GarbledReplyError(f"{reply[:80]!r} is no catalogue of traces")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def parse_channels(reply: str) -> list[int]:
    """Read ``"1,2"`` as channel numbers.

    Raises
    ------
    GarbledReplyError
        If the reply holds anything else.
    """
    parts = [part.strip() for part in reply.strip().strip('"').split(",")]
    numbers = [part for part in parts if part]
    if not all(part.isdigit() for part in numbers):
        raise GarbledReplyError(f"{reply[:80]!r} is no catalogue of channels")
    return [int(part) for part in numbers]


_CHANNEL = 30
"""Our own: what the operator has set up on the others stays as it is."""

KEYSIGHT_PNA = Dialect(
    name="keysight_pna",
    identity_pattern=r"^(keysight|agilent|hewlett).*,\s*(N52|N53|E83|E508|P50|P93|M98)",
    own_channel_number=_CHANNEL,
    setting_headers={
        Setting.START_FREQUENCY: f"SENS{_CHANNEL}:FREQ:STAR",
        Setting.STOP_FREQUENCY: f"SENS{_CHANNEL}:FREQ:STOP",
        Setting.POINT_COUNT: f"SENS{_CHANNEL}:SWE:POIN",
        Setting.IF_BANDWIDTH: f"SENS{_CHANNEL}:BWID",
        Setting.SOURCE_POWER: f"SOUR{_CHANNEL}:POW1",
    },
    snapshot_headers=("FORM", "FORM:BORD", "OUTP", "TRIG:SOUR"),
    channels_query="SYST:CHAN:CAT?",
    parse_channels=parse_channels,
    mode_header="SENS{channel}:SWE:MODE",
    hold_mode="HOLD",
    trigger=("TRIG:SOUR IMM",),
    prepare=(f"SENS{_CHANNEL}:SWE:MODE HOLD", f"SENS{_CHANNEL}:SWE:TYPE LIN"),
    define_trace=(
        f"CALC{_CHANNEL}:PAR:EXT '{{name}}','{{s_parameter}}'",
        "DISP:WIND1:TRAC{number}:FEED '{name}'",
    ),
    delete_trace=f"CALC{_CHANNEL}:PAR:DEL '{{name}}'",
    catalog_query=f"CALC{_CHANNEL}:PAR:CAT:EXT?",
    parse_catalog=parse_catalog,
    averaging=(
        f"SENS{_CHANNEL}:AVER:STAT {{state}}",
        f"SENS{_CHANNEL}:AVER:COUN {{count}}",
        f"SENS{_CHANNEL}:SWE:GRO:COUN {{count}}",
    ),
    transfer_format=("FORM REAL,64", "FORM:BORD SWAP"),
    rf_header="OUTP",
    start_single=(f"SENS{_CHANNEL}:SWE:MODE SING",),
    start_averaged=(f"SENS{_CHANNEL}:AVER:CLE", f"SENS{_CHANNEL}:SWE:MODE GRO"),
    done_query=f"SENS{_CHANNEL}:SWE:MODE?",
    done_reply="HOLD",
    sweep_time_query=f"SENS{_CHANNEL}:SWE:TIME?",
    data_query=f"CALC{_CHANNEL}:PAR:SEL '{{name}}';:CALC{_CHANNEL}:DATA? SDATA",
    axis_query=f"SENS{_CHANNEL}:X?",
)

DIALECTS = (KEYSIGHT_PNA,)
"""Every dialect that the driver knows."""
