"""The grammar of SCPI and IEEE 488.2, without any wire."""
