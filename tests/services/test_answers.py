"""Saving: nothing is overwritten silently, nothing acknowledged is lost, history is chained."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from sqlmodel import select

from instruments.values import Narrative
from models.database import Database
from models.people import User
from models.responses import Answer, LateNote, NationalResponse, Revision
from services.answers import UNKNOWN_BASE, Choice, Conflict, Edit, SaveResult, resolve_conflict, save_answers
from services.chain import verify_chain
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from settings import Settings, load_secrets
from tests.builders import World, actor_for, answer, make_world

TEXT = "op13d.narrative"


def text(words: str) -> dict[str, str]:
    return {"text": words, "language": "en"}


def save(database: Database, world: World, edits: list[Edit], key: str = "k", who: str = "focal_point") -> SaveResult:
    with database.transaction() as session:
        user = session.get_one(User, getattr(world, who))
        response = session.get_one(NationalResponse, world.response_id)
        actor = actor_for(user, response, "contributor" if who == "contributor" else "focal_point")
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        return save_answers(session, opened, edits, idempotency_key=key)


def world_of(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


def stored(database: Database, world: World, item_id: str = TEXT) -> Answer | None:
    with database.reading() as session:
        return session.get(Answer, (world.response_id, item_id))


def test_a_first_save_is_version_one_and_appends_one_revision(database: Database) -> None:
    world = world_of(database)
    result = save(database, world, [Edit(TEXT, 0, text("one"))])
    assert result.versions == {TEXT: 1}
    with database.reading() as session:
        assert [row.value for row in session.exec(select(Revision))] == [text("one")]
        assert verify_chain(session, world.response_id) == []


def test_two_people_on_one_item_conflict_and_both_texts_are_kept(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("base"))], "k1")
    save(database, world, [Edit(TEXT, 1, text("theirs"))], "k2", "contributor")
    result = save(database, world, [Edit(TEXT, 1, text("mine"))], "k3")
    assert result.versions == {}
    (conflict,) = result.conflicts
    assert (conflict.mine.value, conflict.theirs.value, conflict.version) == (text("mine"), text("theirs"), 2)
    assert conflict.base is not None
    assert conflict.base.value == text("base")
    assert conflict.changed_by == "Contributor"
    assert stored(database, world).value == text("theirs")  # type: ignore[union-attr]


def test_an_item_the_person_did_not_change_never_conflicts(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("base"))], "k1")
    save(database, world, [Edit(TEXT, 1, text("theirs"))], "k2", "contributor")
    result = save(
        database, world, [Edit(TEXT, 1, text("base")), Edit("op13d.status_practice", 0, "not_implemented")], "k3"
    )
    assert result.conflicts == []
    assert stored(database, world).value == text("theirs")  # type: ignore[union-attr]
    assert stored(database, world, "op13d.status_practice").value == "not_implemented"  # type: ignore[union-attr]


def test_the_same_key_and_content_again_stores_nothing_new_and_gives_the_same_version(database: Database) -> None:
    world = world_of(database)
    first = save(database, world, [Edit(TEXT, 0, text("one"))], "same")
    save(database, world, [Edit(TEXT, 1, text("two"))], "other", "contributor")
    again = save(database, world, [Edit(TEXT, 0, text("one"))], "same")
    assert again.versions == first.versions
    assert again.conflicts == []
    assert stored(database, world).value == text("two")  # type: ignore[union-attr]


def test_the_same_key_with_other_content_is_an_edit_of_its_own(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("one"))], "same")
    result = save(database, world, [Edit(TEXT, 1, text("two"))], "same")
    assert result.versions == {TEXT: 2}


def test_a_conflict_resolved_with_theirs_keeps_mine_in_the_history(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("theirs"))], "k1", "contributor")
    with database.transaction() as session:
        user = session.get_one(User, world.focal_point)
        actor = actor_for(user, session.get_one(NationalResponse, world.response_id))
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        resolve_conflict(session, opened, Edit(TEXT, 1, text("mine")), take="theirs", idempotency_key="k2")
    with database.reading() as session:
        kinds = [(row.kind, row.value) for row in session.exec(select(Revision).order_by(Revision.seq))]  # type: ignore[arg-type]
        assert kinds == [("saved", text("theirs")), ("set_aside", text("mine"))]
        assert verify_chain(session, world.response_id) == []
    assert stored(database, world).value == text("theirs")  # type: ignore[union-attr]


def resolve(database: Database, world: World, edit: Edit, key: str = "choice", **given: Any) -> SaveResult:
    with database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        return resolve_conflict(session, opened, edit, idempotency_key=key, **given)


def history(database: Database, item_id: str = TEXT) -> list[tuple[str, int, str]]:
    """(kind, version, text) of every revision of a narrative, in order."""
    with database.reading() as session:
        statement = select(Revision).where(Revision.item_id == item_id).order_by(Revision.seq)  # type: ignore[arg-type]
        return [(row.kind, row.version, (row.value or {}).get("text", "")) for row in session.exec(statement)]


def contested(database: Database) -> tuple[World, Conflict]:
    """A text of three paragraphs, of which two people changed the first, and each another one."""
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("A\n\nB\n\nC"))], "k1")
    save(database, world, [Edit(TEXT, 1, text("A1\n\nB1\n\nC"))], "k2", "contributor")
    (conflict,) = save(database, world, [Edit(TEXT, 1, text("A2\n\nB\n\nC2"))], "k3").conflicts
    return world, conflict


def test_changes_of_different_paragraphs_are_merged_and_what_was_sent_is_kept(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("A\n\nB"))], "k1")
    save(database, world, [Edit(TEXT, 1, text("A1\n\nB"))], "k2", "contributor")
    result = save(database, world, [Edit(TEXT, 1, text("A\n\nB2"))], "k3")
    assert (result.conflicts, result.versions, set(result.merged)) == ([], {TEXT: 3}, {TEXT})
    assert stored(database, world).value == text("A1\n\nB2")  # type: ignore[union-attr]
    assert history(database)[2:] == [("merged", 3, "A\n\nB2"), ("saved", 3, "A1\n\nB2")]
    # The same request again: the same result, and nothing new.
    assert save(database, world, [Edit(TEXT, 1, text("A\n\nB2"))], "k3").merged == result.merged
    assert len(history(database)) == 4
    with database.reading() as session:
        assert verify_chain(session, world.response_id) == []


def test_who_types_on_after_a_merge_does_not_undo_the_colleagues_part(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("A\n\nB"))], "k1")
    save(database, world, [Edit(TEXT, 1, text("A1\n\nB"))], "k2", "contributor")
    record = save(database, world, [Edit(TEXT, 1, text("A\n\nB2"))], "k3").merged[TEXT]
    result = save(database, world, [Edit(TEXT, 3, text("A\n\nB2 and more"), own_text=record)], "k4")
    assert result.conflicts == []
    assert stored(database, world).value == text("A1\n\nB2 and more")  # type: ignore[union-attr]


def test_rows_of_two_people_are_merged(database: Database) -> None:
    world, item_id = world_of(database), "op13d.laws"

    def laws(**titles: str) -> list[dict[str, Any]]:
        return [dict.fromkeys(("number", "articles", "in_force_since", "language", "link")) | {"row_id": row, "title": title}
                for row, title in titles.items()]  # fmt: skip

    save(database, world, [Edit(item_id, 0, laws(r1="One", r2="Two"))], "k1")
    save(database, world, [Edit(item_id, 1, laws(r1="One", r2="Two", r3="Three"))], "k2", "contributor")
    result = save(database, world, [Edit(item_id, 1, laws(r1="Uno"))], "k3")
    assert result.conflicts == []
    titles = [(row["row_id"], row["title"]) for row in stored(database, world, item_id).value]  # type: ignore[union-attr]
    assert titles == [("r1", "Uno"), ("r3", "Three")]


@pytest.mark.parametrize(
    ("take", "expected"),
    [("theirs", "A1\n\nB1\n\nC2"), ("mine", "A2\n\nB1\n\nC2"), ("both", "A1\n\nA2\n\nB1\n\nC2"), ("edited", "A3")],
)
def test_a_choice_decides_about_what_both_changed_and_about_nothing_else(
    database: Database, take: Choice, expected: str
) -> None:
    world, conflict = contested(database)
    edited = Edit(TEXT, conflict.version, text("A3")) if take == "edited" else None
    result = resolve(database, world, conflict.edit, take=take, shown=conflict.version, edited=edited)
    assert (result.conflicts, result.versions) == ([], {TEXT: 3})
    assert stored(database, world).value == text(expected)  # type: ignore[union-attr]
    set_aside = [said for kind, _version, said in history(database) if kind == "set_aside"]
    assert set_aside == (["A2\n\nB\n\nC2"] if take in {"theirs", "edited"} else [])
    resolve(database, world, conflict.edit, take=take, shown=conflict.version, edited=edited)
    assert stored(database, world).version == 3  # type: ignore[union-attr]


def test_a_change_that_came_while_somebody_chose_is_a_new_conflict(database: Database) -> None:
    world, conflict = contested(database)
    save(database, world, [Edit(TEXT, 2, text("A9\n\nB1\n\nC"))], "k4", "contributor")
    for take in ("theirs", "mine", "both"):
        (again,) = resolve(database, world, conflict.edit, take, take=take, shown=conflict.version).conflicts
        assert (again.version, again.theirs.value) == (3, text("A9\n\nB1\n\nC"))
    assert stored(database, world).version == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("base", [UNKNOWN_BASE, 77])
def test_with_an_unknown_base_every_difference_is_a_conflict(database: Database, base: int) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("A\n\nB"))], "k1")
    assert save(database, world, [Edit(TEXT, base, text("A\n\nB"))], "k2").conflicts == []
    (conflict,) = save(database, world, [Edit(TEXT, base, text("A\n\nB\n\nC"))], "k3").conflicts
    assert (conflict.base, conflict.with_mine.value) == (None, text("A\n\nB\n\nC"))
    assert conflict.with_both is not None
    assert conflict.with_both.value == text("A\n\nB\n\nC")


def test_text_that_cannot_be_read_is_never_merged(database: Database) -> None:
    world, item_id = world_of(database), "op13d.share"
    save(database, world, [Edit(item_id, 0, None, [[item_id, "about ten"]])], "k1")
    (conflict,) = save(database, world, [Edit(item_id, 0, "12")], "k2", "contributor").conflicts
    assert (conflict.with_theirs.typed, conflict.with_both) == ([[item_id, "about ten"]], None)


def test_nothing_is_merged_into_a_text_that_is_restored(database: Database) -> None:
    world = world_of(database)
    save(database, world, [Edit(TEXT, 0, text("A\n\nB"))], "k1")
    save(database, world, [Edit(TEXT, 1, text("A1\n\nB"))], "k2", "contributor")
    with database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        edit = Edit(TEXT, 1, text("A\n\nB0"))
        (conflict,) = save_answers(session, opened, [edit], idempotency_key="k3", channel="restore").conflicts
    assert (conflict.with_theirs.value, conflict.with_mine.value) == (text("A1\n\nB"), text("A\n\nB0"))


def test_unreadable_text_is_kept_as_typed_and_is_not_an_answer(database: Database) -> None:
    world = world_of(database)
    typed = [["op13d.share", "about ten"]]
    save(database, world, [Edit("op13d.share", 0, None, typed)])
    row = stored(database, world, "op13d.share")
    assert row is not None
    assert (row.value, row.typed) == (None, typed)


def test_a_save_after_the_seal_is_kept_as_a_note_and_changes_nothing(database: Database, tmp_path: object) -> None:
    world = world_of(database)
    key = load_secrets(Settings.model_validate({"instance": tmp_path})).receipt_key
    with database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        answer(session, actor, world.response_id, {TEXT: Narrative(text="sealed", language="en")})
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
        submit(session, opened, Declaration("A", "B"), private_key=key)
    result = save(database, world, [Edit(TEXT, 1, text("late"), posted=[[f"{TEXT}-text", "late"]])], "late")
    assert result.locked
    assert stored(database, world).value == text("sealed")  # type: ignore[union-attr]
    with database.reading() as session:
        (note,) = session.exec(select(LateNote)).all()
        assert note.typed == [[f"{TEXT}-text", "late"]]


def test_an_altered_revision_is_found(database: Database) -> None:
    world = world_of(database)
    for number in range(3):
        save(database, world, [Edit(TEXT, number, text(str(number)))], f"k{number}")
    with database.transaction() as session:
        row = session.exec(select(Revision).where(Revision.seq == 2)).one()
        row.value = text("forged")
        session.add(row)
    with database.reading() as session:
        assert verify_chain(session, world.response_id) == ["the content of revision 2 was altered"]


def storm(database: Database, world: World, *, writers: int, edits: int, seed: int) -> tuple[int, int]:
    """Writers append their token to one text, merging on a conflict; (tokens acknowledged, tokens in the final text)."""
    acknowledged: list[str] = []
    failures: list[BaseException] = []
    guard = threading.Lock()

    def write(number: int) -> None:
        chance = random.Random(seed + number)
        base, known = 0, ""
        try:
            for turn in range(edits):
                token = f"<{number}.{turn}>"
                while True:
                    who = chance.choice(["focal_point", "contributor"])
                    result = save(
                        database, world, [Edit(TEXT, base, text(known + token))], f"{number}-{turn}-{base}", who
                    )
                    if result.conflicts:
                        base, known = result.conflicts[0].version, result.conflicts[0].theirs.value["text"]
                        continue
                    base, known = result.versions[TEXT], known + token
                    break
                with guard:
                    acknowledged.append(token)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    final = stored(database, world).value["text"]  # type: ignore[union-attr]
    return len(acknowledged), sum(token in final for token in acknowledged)


def test_a_storm_of_concurrent_saves_loses_nothing(database: Database) -> None:
    world = world_of(database)
    acknowledged, found = storm(database, world, writers=6, edits=8, seed=7)
    assert (acknowledged, found) == (48, 48)
    with database.reading() as session:
        assert verify_chain(session, world.response_id) == []
