"""What can go wrong with a model, as one tree of errors."""


class ModelError(Exception):
    """Base of every error of the models; the message is one sentence for the user."""


class TrainingRefusedError(ModelError):
    """The archives do not allow a model to be trained."""


class ModelFolderError(ModelError):
    """A model folder is incomplete, changed or of another version."""


MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a record of another shape raises where it is read."""
