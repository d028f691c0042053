"""The doors of an emulated instrument: raw socket and HiSLIP, on 127.0.0.1."""
