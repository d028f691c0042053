"""What the recorded changes of state amount to: who is live where, who was. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.storage.model_records import (
    EVERY_CAVITY,
    ModelEvent,
    ModelState,
    ModelTransition,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A version at work in a scope, and since when."""

    version: str
    scope: str
    state: ModelState
    since: datetime


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """The register at one moment.

    Attributes
    ----------
    transitions
        Every change of state up to that moment, oldest first.
    """

    transitions: Sequence[ModelTransition]

    def posts(self) -> dict[tuple[str, str], Post]:
        """Return where every version stands, by (version, scope)."""
        return {
            (each.version, each.scope): Post(
                version=each.version,
                scope=each.scope,
                state=each.to_state,
                since=each.at,
            )
            for each in self.transitions
        }

    def state(self, version: str, scope: str = EVERY_CAVITY) -> ModelState:
        """Return the state of a version in a scope."""
        post = self.posts().get((version, scope))
        return ModelState.CANDIDATE if post is None else post.state

    def overall_state(self, version: str) -> ModelState:
        """Return the highest state of a version in any scope."""
        states = {post.state for key, post in self.posts().items() if key[0] == version}
        order = (ModelState.LIVE, ModelState.SHADOW, ModelState.RETIRED)
        return next((s for s in order if s in states), ModelState.CANDIDATE)

    def live(self) -> dict[str, Post]:
        """Return the live version of every scope that has one."""
        return {
            post.scope: post
            for post in self.posts().values()
            if post.state is ModelState.LIVE
        }

    def live_for(self, cavity: str) -> Post | None:
        """Return who judges a cavity: its own model, or that of all."""
        live = self.live()
        return live.get(cavity) or live.get(EVERY_CAVITY)

    def shadows(self) -> list[Post]:
        """Return who judges beside the live ones."""
        return [
            post for post in self.posts().values() if post.state is ModelState.SHADOW
        ]

    def predecessor(self, scope: str) -> str | None:
        """Return who was live in a scope before the live one was promoted."""
        stack: list[str] = []
        for each in self.transitions:
            if each.scope != scope:
                continue
            if each.event is ModelEvent.PROMOTED:
                stack.append(each.version)
            elif _ends_its_time(each) and stack:
                stack.pop()
        return stack[-2] if len(stack) > 1 else None


def _ends_its_time(change: ModelTransition) -> bool:
    was_live = change.from_state is ModelState.LIVE
    return was_live and change.event in (ModelEvent.ROLLED_BACK, ModelEvent.RETIRED)
