"""The control port: what a DAQ may ask of a poller, over HTTP on this machine."""
