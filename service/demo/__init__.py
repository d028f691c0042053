"""The scripted array that ``make demo`` plays, from real processes on real sockets."""
