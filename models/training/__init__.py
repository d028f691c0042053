"""From labelled archives to a model folder."""
