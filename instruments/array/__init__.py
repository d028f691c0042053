"""The array file: which cavities, instruments and schedules there are."""
