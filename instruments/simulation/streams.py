"""Streams of chance: one for each cavity and topic, from the seed alone."""

import zlib

import numpy as np


def stream(seed: int, cavity: str, topic: str) -> np.random.Generator:
    """Return the random stream of one cavity for one topic, always the same."""
    words = [seed, zlib.crc32(cavity.encode()), zlib.crc32(topic.encode())]
    return np.random.default_rng(words)
