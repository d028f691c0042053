"""The work of one VNA: what is due, how it is carried out, what becomes of it."""
