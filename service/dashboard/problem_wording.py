"""What a refusal means to whoever sits before the page, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """A heading, and the way on.

    Attributes
    ----------
    heading
        What happened, in a few words.
    mend
        What to do, and what goes on all the same.
    """

    heading: str
    mend: str


_TOO_LONG = ProblemWords(
    "More was sent than this page takes",
    "Nothing was changed. Open the page again and send less.",
)

_BY_CODE = {
    "unauthenticated": ProblemWords(
        "You are not logged in",
        "Log in and open the page again.",
    ),
    "forbidden": ProblemWords(
        "This page is not open to you",
        "Ask an administrator for a role that may see it, or log out and in again as "
        "somebody who may.",
    ),
    "cross_site": ProblemWords(
        "This was not sent from a page of this service",
        "Nothing was changed. Open the page here and do it again. Behind a proxy, "
        "HALOWATCH_PUBLIC_URL must be the address that your browser shows.",
    ),
    "wrong_host": ProblemWords(
        "The service does not answer at this address",
        "It is open to its own machine alone. From another machine, have it set up "
        "with log-in first.",
    ),
    "method_not_allowed": ProblemWords(
        "This page is only there to be looked at",
        "Nothing was changed. Open it again from the array.",
    ),
    "conflict": ProblemWords(
        "It has changed meanwhile",
        "Nothing of yours was stored. Go back, look at how it stands now, and do it "
        "again if it is still wanted.",
    ),
    "body_too_slow": ProblemWords(
        "What your browser sent came too slowly",
        "Nothing was changed. Look at the connection and send it again.",
    ),
    "body_too_large": _TOO_LONG,
    "invalid_request": ProblemWords(
        "The address asks for something this page does not know",
        "Mend what is named below, or begin again from the array.",
    ),
    "too_many_requests": ProblemWords(
        "Too much was asked for at once",
        "Close pages that you do not need. Sweeps are taken and judged as before.",
    ),
    "disk_full": ProblemWords(
        "The disk is full",
        "Make room on the disk of the database. Until then pollers keep new sweeps in "
        "their spools.",
    ),
    "model_unavailable": ProblemWords(
        "The model cannot be used",
        "Sweeps are stored and judged later. Have the model put right.",
    ),
    "internal": ProblemWords(
        "The service failed to make this page",
        "Judging and alerts run in processes of their own and go on. Try again; if it "
        "fails again, the log of the service tells why, at the time that stands above.",
    ),
}

_LATER = ProblemWords(
    "The service cannot do this right now",
    "Nothing of yours was stored. Try again in a moment.",
)
_REFUSED = ProblemWords(
    "The service does not take this",
    "Nothing was changed. Begin again from the array.",
)


def words_of(code: str, status: int) -> ProblemWords:
    """Return the words for a problem.

    Parameters
    ----------
    code
        Stable name of the problem.
    status
        Its HTTP status, for a code that has no words of its own.
    """
    others = {
        409: _BY_CODE["conflict"],
        429: _BY_CODE["too_many_requests"],
        503: _LATER,
    }
    fallback = _BY_CODE["internal"] if status == 500 else others.get(status, _REFUSED)
    return _BY_CODE.get(code, fallback)
