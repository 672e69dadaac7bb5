"""The secretariat's pages: rounds of reporting, where every State stands, invitations, reminders, submitted answers, returns."""

from views.secretariat import (
    answers,
    board,
    cycles,
    focal_point,
    invitations,
    notices,
    officers,
    party,
    reminders,
    returns,
    texts,
)
from views.secretariat.common import secretariat

__all__ = [
    "answers",
    "board",
    "cycles",
    "focal_point",
    "invitations",
    "notices",
    "officers",
    "party",
    "reminders",
    "returns",
    "secretariat",
    "texts",
]
