"""Which live models judge although a gate of their promotion failed. Pure."""

from models.evaluation.gates import GateOutcome
from service.operations.model_history import ModelHistory, Post
from service.storage.model_records import ModelEvent


def overruled_sentences(history: ModelHistory) -> list[str]:
    """Return a sentence for every live model whose gates were overruled.

    Each names the model, whom it judges, and the gates with the figures that failed.
    """
    return [
        sentence
        for _, post in sorted(history.live().items())
        if (sentence := _sentence(history, post)) is not None
    ]


def _sentence(history: ModelHistory, post: Post) -> str | None:
    promoted = [
        change
        for change in history.transitions
        if (change.version, change.scope) == (post.version, post.scope)
        and change.event is ModelEvent.PROMOTED
    ]
    if not promoted or not promoted[-1].is_forced:
        return None
    named = "; ".join(
        f"{gate['name']}: {gate['detail']}"
        for gate in promoted[-1].gates
        if gate["outcome"] == GateOutcome.FAILED.value
    )
    who = post.scope or "every cavity without a model of its own"
    return (
        f"model {post.version} judges {who} past gates that it failed "
        f"({named}); made live by {promoted[-1].actor}: {promoted[-1].reason}"
    )
