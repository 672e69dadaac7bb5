"""Rehearsals: a database of fictitious States with invented answers, for trying everything out without touching anything real."""

from rehearsal.full import full_responses
from rehearsal.preview import make_preview
from rehearsal.seeding import seed

__all__ = ["full_responses", "make_preview", "seed"]
