"""The twin of one cavity: how well it can be known, and its fit."""
