"""The command tables of the families, and the models that speak them."""
