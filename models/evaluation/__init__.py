"""How good a model is, on cycles that it has not seen, beside simpler ones."""
