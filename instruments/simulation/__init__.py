"""The emulated array: receiver physics behind real sockets."""
