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


KEYSIGHT_PNA = Dialect(
    name="keysight_pna",
    identity_pattern=r"^(keysight|agilent|hewlett).*,\s*(N52|N53|E83|E508|P50|P93|M98)",
    setting_headers={
        Setting.START_FREQUENCY: "SENS1:FREQ:STAR",
        Setting.STOP_FREQUENCY: "SENS1:FREQ:STOP",
        Setting.POINT_COUNT: "SENS1:SWE:POIN",
        Setting.IF_BANDWIDTH: "SENS1:BWID",
        Setting.SOURCE_POWER: "SOUR1:POW1",
    },
    snapshot_headers=(
        "SENS1:FREQ:STAR",
        "SENS1:FREQ:STOP",
        "SENS1:SWE:POIN",
        "SENS1:BWID",
        "SOUR1:POW1",
        "SENS1:AVER:STAT",
        "SENS1:AVER:COUN",
        "FORM",
        "FORM:BORD",
        "OUTP",
        "TRIG:SOUR",
        "SENS1:SWE:MODE",
    ),
    prepare=("SENS1:SWE:MODE HOLD", "TRIG:SOUR IMM", "SENS1:SWE:TYPE LIN"),
    define_trace=(
        "CALC1:PAR:EXT '{name}','{s_parameter}'",
        "DISP:WIND1:TRAC{number}:FEED '{name}'",
    ),
    delete_trace="CALC1:PAR:DEL '{name}'",
    catalog_query="CALC1:PAR:CAT:EXT?",
    parse_catalog=parse_catalog,
    averaging=(
        "SENS1:AVER:STAT {state}",
        "SENS1:AVER:COUN {count}",
        "SENS1:SWE:GRO:COUN {count}",
    ),
    transfer_format=("FORM REAL,64", "FORM:BORD SWAP"),
    rf_header="OUTP",
    start_single=("SENS1:SWE:MODE SING",),
    start_averaged=("SENS1:AVER:CLE", "SENS1:SWE:MODE GRO"),
    done_query="SENS1:SWE:MODE?",
    done_reply="HOLD",
    sweep_time_query="SENS1:SWE:TIME?",
    data_query="CALC1:PAR:SEL '{name}';:CALC1:DATA? SDATA",
    axis_query="SENS1:X?",
)

DIALECTS = (KEYSIGHT_PNA,)
"""Every dialect that the driver knows."""
