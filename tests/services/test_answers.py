"""Saving: nothing is overwritten silently, nothing acknowledged is lost, history is chained."""

from __future__ import annotations

import random
import threading

from sqlmodel import select

from instruments.values import Narrative
from models.database import Database
from models.people import User
from models.responses import Answer, LateNote, Revision
from services.answers import Edit, SaveResult, resolve_conflict, save_answers, verify_chain
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
        from models.responses import NationalResponse

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
    assert (conflict.mine, conflict.theirs, conflict.version) == (text("mine"), text("theirs"), 2)
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
        from models.responses import NationalResponse

        actor = actor_for(user, session.get_one(NationalResponse, world.response_id))
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        resolve_conflict(session, opened, Edit(TEXT, 1, text("mine")), take="theirs", idempotency_key="k2")
    with database.reading() as session:
        kinds = [(row.kind, row.value) for row in session.exec(select(Revision).order_by(Revision.seq))]  # type: ignore[arg-type]
        assert kinds == [("saved", text("theirs")), ("set_aside", text("mine"))]
        assert verify_chain(session, world.response_id) == []
    assert stored(database, world).value == text("theirs")  # type: ignore[union-attr]


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
        from models.responses import NationalResponse

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
                        base, known = result.conflicts[0].version, result.conflicts[0].theirs["text"]
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
