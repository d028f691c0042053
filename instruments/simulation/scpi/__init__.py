"""The device side of SCPI: grammar, status and execution of program messages."""
