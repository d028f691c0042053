"""A message that is read once means what the table says, also after it has grown."""

from instruments.simulation.scpi.program import CommandTable


def test_remembered_message_follows_the_table():
    table = CommandTable()
    steps, fault = table.read(b":SENS2:AVER?")
    assert steps == ()
    assert fault is not None
    assert fault.number == -113
    table.add("SENSe#:AVERage", str, is_query=True)
    for _ in range(2):
        (step,), fault = table.read(b":SENS2:AVER?")
        assert (step.handler, step.suffixes, step.texts) == (str, (2,), ())
        assert fault is None
    table.add("SENSe#:AVERage", repr, is_query=True)
    assert table.read(b":SENS2:AVER?")[0][0].handler is repr


def test_fault_ends_the_message_where_it_stands():
    table = CommandTable()
    table.add("SOURce:POWer", str, is_query=False)
    steps, fault = table.read(b"SOUR:POW -10;:SOUR2:POW 3;:SOUR:POW 4")
    assert [step.texts for step in steps] == [("-10",)]
    assert fault is not None
    assert fault.number == -114
