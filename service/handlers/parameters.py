"""Query parameters: what a call does not take is refused, not ignored."""

from collections.abc import Iterable
from typing import get_args, get_origin

from fastapi import Request
from fastapi.routing import APIRoute

from service.errors import InvalidRequestError


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a query parameter that the called route does not declare, or not so often.

    Raises
    ------
    InvalidRequestError
        If there is one; it names the parameter and those that the call takes.
    """
    if not request.query_params:
        return
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    # No dependency of a handler takes a query parameter of its own.
    declared = route.dependant.query_params
    check_parameters(request, [field.alias for field in declared])
    for field in declared:
        count = len(request.query_params.getlist(field.alias))
        if count > 1 and not _takes_many(field.field_info.annotation):
            raise InvalidRequestError(
                f"{field.alias!r} is given {count} times: this call takes one",
                {"field": field.alias},
            )


def _takes_many(annotation: object) -> bool:
    parts = get_args(annotation)
    return get_origin(annotation) is list or any(map(_takes_many, parts))


def check_parameters(request: Request, known: Iterable[str]) -> None:
    """Refuse a query parameter that is not among the known names.

    Raises
    ------
    InvalidRequestError
        If there is one.
    """
    taken = sorted(known)
    unknown = sorted(set(request.query_params) - set(taken))
    if unknown:
        raise InvalidRequestError(
            f"{unknown[0][:64]!r} is no parameter of {request.method} "
            f"{request.url.path}; it takes {', '.join(taken) or 'none'}",
            {"field": unknown[0][:64], "known": taken},
        )
