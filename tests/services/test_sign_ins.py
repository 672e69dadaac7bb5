"""What works once works once, and wrong tries cost time that ends."""

from __future__ import annotations

from models.database import Database
from models.people import User
from services.sign_ins import (
    FREE_FAILURES,
    LONGEST_DELAY,
    accept_totp_step,
    delay_after,
    is_delayed,
    make_recovery_codes,
    note_failed_sign_in,
    note_sign_in,
    recovery_digest,
    use_recovery_code,
)
from tests.services.account_people import together, world_of


def test_a_time_step_signs_in_once_even_at_the_same_moment(database: Database) -> None:
    world = world_of(database)

    def use(step: int) -> bool:
        with database.transaction() as session:
            return accept_totp_step(session, world.officer, step)

    assert sorted(together(*[lambda: use(100)] * 4), key=str) == [False, False, False, True]
    assert [use(99), use(100), use(101)] == [False, False, True]


def test_a_recovery_code_works_once_even_at_the_same_moment(database: Database) -> None:
    world = world_of(database)
    codes = make_recovery_codes()
    assert len(set(codes)) == 10 and all(len(code) == 15 for code in codes)
    with database.transaction() as session:
        user = session.get_one(User, world.officer)
        user.mf_recovery_codes = [recovery_digest("key", code) for code in codes]

    def use(code: str) -> bool:
        with database.transaction() as session:
            return use_recovery_code(session, world.officer, recovery_digest("key", code))

    typed = codes[3].upper().replace("-", " ")
    assert sorted(together(*[lambda: use(typed)] * 4), key=str) == [False, False, False, True]
    assert not use(codes[3]) and use(codes[4]) and not use("abc")
    with database.reading() as session:
        assert len(session.get_one(User, world.officer).mf_recovery_codes or []) == 8


def test_delays_grow_and_end() -> None:
    seconds = [delay_after(FREE_FAILURES + more).total_seconds() for more in range(9)]
    assert seconds == [0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert delay_after(10_000) == LONGEST_DELAY


def test_tries_during_a_delay_do_not_lengthen_it_and_a_sign_in_ends_it(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        for _ in range(FREE_FAILURES + 1):
            note_failed_sign_in(session, world.officer, "password", "203.0.113.0/24")
        user = session.get_one(User, world.officer)
        until = user.locked_until
        assert is_delayed(user)
        for _ in range(50):
            note_failed_sign_in(session, world.officer, "password", "203.0.113.0/24")
        session.refresh(user)
        assert user.locked_until == until
        note_sign_in(session, world.officer, "password")
        session.refresh(user)
        assert not is_delayed(user) and user.failed_sign_ins == 0
