"""Arrays of either backend: numpy for the emulator, torch for the models."""

from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj

Array: TypeAlias = Any
"""A numpy array or a torch tensor, float64 or complex128."""


def namespace_of(like: Array) -> ModuleType:
    """Return the array namespace that an array belongs to.

    Notes
    -----
    numpy is one itself; looking it up each time would take a third of a sweep.
    """
    if type(like) is np.ndarray:
        return np
    namespace: ModuleType = array_namespace(like)
    return namespace


def as_array(value: Any, like: Array) -> Array:
    """Return a value as a float64 array of the backend and device of another."""
    if type(like) is np.ndarray:
        return np.asarray(value, dtype=np.float64)
    xp = namespace_of(like)
    if is_array_api_obj(value) and namespace_of(value) is xp:
        return xp.astype(value, xp.float64, copy=False)
    return xp.asarray(value, dtype=xp.float64, device=device(like))
