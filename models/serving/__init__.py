"""A trained model at work: loaded with checks, judging one sweep or an archive."""
