"""Headers that nearly every family has."""

from instruments.simulation.vna.model import Table
from instruments.simulation.vna.verbs import receiver, stimulus, system, triggers

SETTINGS: Table = {
    "SENSe#:FREQuency:STARt": stimulus.START,
    "SENSe#:FREQuency:STOP": stimulus.STOP,
    "SENSe#:FREQuency:CENTer": stimulus.CENTER,
    "SENSe#:FREQuency:SPAN": stimulus.SPAN,
    "SENSe#:SWEep:POINts": stimulus.POINTS,
    "SENSe#:SWEep:TYPE": stimulus.SWEEP_TYPE,
    "SENSe#:SWEep:TIME": stimulus.TIME,
    "SENSe#:SWEep:TIME:AUTO": stimulus.TIME_AUTO,
    "SENSe#:BWIDth[:RESolution]": receiver.BANDWIDTH,
    "SENSe#:BANDwidth[:RESolution]": receiver.BANDWIDTH,
    "SENSe#:AVERage[:STATe]": receiver.AVERAGING,
    "SENSe#:AVERage:COUNt": receiver.AVERAGES,
    "SENSe#:AVERage:CLEar": receiver.CLEAR_AVERAGES,
    "SOURce#:POWer#[:LEVel][:IMMediate][:AMPLitude]": stimulus.POWER,
    "OUTPut[:STATe]": triggers.OUTPUT,
    "FORMat:BORDer": system.BYTE_ORDER,
    "SYSTem:PRESet": system.PRESET,
    "SENSe#:CORRection[:STATe]": system.switch("correction"),
}
