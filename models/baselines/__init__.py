"""Models that every network must beat, and one that serves as a second opinion."""
