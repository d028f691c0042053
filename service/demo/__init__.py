"""The scripted array that ``make demo`` plays."""
