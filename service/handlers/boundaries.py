"""Holds what a body names to the cavities that its sender may touch."""

from collections.abc import Iterable, Sequence

from service.access.principal import Principal
from service.errors import ForbiddenError
from service.operations.preparing import Prepared, Refusal


def check_cavities(principal: Principal, cavities: Iterable[str | None]) -> None:
    """Refuse a body that names a cavity which the caller may not touch.

    Raises
    ------
    ForbiddenError
        If there is one; None is the array as a whole.
    """
    for cavity in cavities:
        if not principal.may_touch(cavity):
            raise ForbiddenError(_sentence(principal, cavity))


def hold_to_cavities(
    principal: Principal, prepared: Sequence[Prepared]
) -> Sequence[Prepared]:
    """Refuse the sweeps of cavities that the caller may not touch, each by itself.

    Raises
    ------
    ForbiddenError
        If that leaves none of them.
    """
    if principal.cavities is None:
        return prepared
    held = [
        item
        if isinstance(item, Refusal) or principal.may_touch(item.cavity)
        else Refusal(_sentence(principal, item.cavity))
        for item in prepared
    ]
    was_whole = any(not isinstance(item, Refusal) for item in prepared)
    if was_whole and all(isinstance(item, Refusal) for item in held):
        errors = [item.error for item in held if isinstance(item, Refusal)]
        raise ForbiddenError(
            errors[0],
            {
                "results": [
                    {"sweep_id": None, "status": "rejected", "error": error}
                    for error in errors
                ]
            },
        )
    return held


def _sentence(principal: Principal, cavity: str | None) -> str:
    where = "the whole array" if cavity is None else repr(cavity)
    return (
        f"cavity: {principal.actor} may not write for {where}; it is for "
        f"{principal.cavity_words()}"
    )
