"""scikit-rf's own instrument classes, unmodified, against emulated VNAs."""

import skrf
from readings import main, reading
from skrf.vi.vna.cmt.cobalt import Cobalt
from skrf.vi.vna.keysight import PNA
from skrf.vi.vna.rohde_schwarz import ZNA, ZVA, SweepMode


def _set(channel, case):
    channel.freq_start, channel.freq_stop = case["start_hz"], case["stop_hz"]
    channel.npoints, channel.if_bandwidth = case["points"], 1000


def read_pna(case):
    vna = PNA(case["resource"], backend="@py")
    try:
        vna.ch1.sweep_mode = "HOLD"
        _set(vna.ch1, case)
        single = vna.ch1.get_sdata(2, 1)
        matrix = vna.ch1.get_snp_network(ports=(1, 2))
        return {"S21 single": reading(single.f, single.s[:, 0, 0]), **_matrix(matrix)}
    finally:
        vna._resource.close()


def read_rohde_schwarz(kind, case):
    vna = kind(case["resource"], backend="@py")
    try:
        vna.ch1.sweep_mode = SweepMode.SINGLE
        _set(vna.ch1, case)
        matrix = vna.ch1.get_snp_network(ports=(1, 2))
        single = vna.ch1.get_sdata(2, 1)
        return {"S21 single": reading(single.f, single.s[:, 0, 0]), **_matrix(matrix)}
    finally:
        vna._resource.close()


def read_cobalt(case):
    vna = Cobalt(case["resource"], backend="@py")
    try:
        _set(vna.ch1, case)
        return _matrix(vna.ch1.get_snp_network(ports=(1, 2)))
    finally:
        vna._resource.close()


def _matrix(network):
    return {
        f"S{row}{column}": reading(network.f, network.s[:, row - 1, column - 1])
        for row in (1, 2)
        for column in (1, 2)
    }


if __name__ == "__main__":
    main(
        {"scikit-rf": skrf.__version__},
        {
            "pna": read_pna,
            "zva": lambda case: read_rohde_schwarz(ZVA, case),
            "zna": lambda case: read_rohde_schwarz(ZNA, case),
            "cobalt": read_cobalt,
        },
    )
