"""Conditions of an item in words, for the Dictionary: when it is asked."""

from __future__ import annotations

from exports.codes import code_lists
from exports.shape import Gettext
from instruments.conditions import Condition
from instruments.schema import Instrument
from instruments.texts import Texts


def condition_in_words(condition: Condition, instrument: Instrument, texts: Texts, _: Gettext) -> str:
    """One sentence; items are named by their ids, answers by their labels."""
    nested = [
        condition_in_words(inner, instrument, texts, _) for inner in (*(condition.all_ or ()), *(condition.any_ or ()))
    ]
    if condition.all_ is not None:
        return _(" and ").join(f"({part})" for part in nested)
    if condition.any_ is not None:
        return _(" or ").join(f"({part})" for part in nested)
    if condition.not_ is not None:
        return _("not (%(rule)s)") % {"rule": condition_in_words(condition.not_, instrument, texts, _)}
    subject = condition.item or condition.fact or ""
    if condition.answered is not None:
        words = _("%(item)s is answered") if condition.answered else _("%(item)s is not answered")
        return words % {"item": subject}
    for test, words in (
        (condition.at_least, _("%(item)s is at least %(value)s")),
        (condition.at_most, _("%(item)s is at most %(value)s")),
        (condition.after, _("%(item)s is after %(value)s")),
        (condition.before, _("%(item)s is before %(value)s")),
    ):
        if test is not None:
            return words % {"item": subject, "value": str(test)}
    codes = condition.in_ or (condition.is_ or "",)
    labels = _(" or ").join(f"“{label}”" for label in _labels(condition, codes, instrument, texts, _))
    return _("%(item)s is %(value)s") % {"item": subject, "value": labels}


def _labels(
    condition: Condition, codes: tuple[str, ...], instrument: Instrument, texts: Texts, _: Gettext
) -> list[str]:
    if condition.item is None:
        words = code_lists(_)[condition.fact or ""]
        return [words.get(code, code) for code in codes]
    lists = instrument.items[condition.item].choice_lists()
    return [str(texts.option(lists[0].name, code)) if lists else code for code in codes]
