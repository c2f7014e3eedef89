"""Where statements are cut."""

import pytest

from embedded_clickhouse.statement import cut_format, cut_insert, first_word, without_hints


@pytest.mark.parametrize(
    ("text", "head", "rows_format", "data"),
    [
        (b"insert into t values (1)", b"insert into t ", "Values", b" (1)"),
        (b"insert into t (a, b) format CSV\n1,2\n", b"insert into t (a, b) ", "CSV", b"1,2\n"),
        (
            b"INSERT INTO `format`.`values` FORMAT Native\n\x00\xff",
            b"INSERT INTO `format`.`values` ",
            "Native",
            b"\x00\xff",
        ),
        (b"insert into format.values format TSV 1", b"insert into format.values ", "TSV", b"1"),
        (b"insert into t /* format CSV */ format TSV;\n1", b"insert into t /* format CSV */ ", "TSV", b"1"),
        (
            b"insert into t settings x = 'format CSV' format TSV\n\n1",
            b"insert into t settings x = 'format CSV' ",
            "TSV",
            b"\n1",
        ),
        (b"insert into t format CSV settings a = 1, b = -2\n3", b"insert into t settings a = 1, b = -2", "CSV", b"3"),
        (b"insert into function null('a Int') format CSV 1", b"insert into function null('a Int') ", "CSV", b"1"),
        (b"insert into t (a)", b"insert into t (a)", "", b""),
    ],
)
def test_insert(text: bytes, head: bytes, rows_format: str, data: bytes) -> None:
    insert = cut_insert(text, complete=True)
    assert insert is not None
    assert (insert.head, insert.format, text[insert.data :], insert.has_select) == (head, rows_format, data, False)


def test_insert_select_and_incomplete_inserts() -> None:
    select = cut_insert(b"insert into t select * from u where v = 'format CSV'", complete=True)
    assert select is not None
    assert select.has_select
    assert cut_insert(b"insert into t (a, b) for", complete=False) is None
    assert cut_insert(b"insert into t format CS", complete=False) is None


@pytest.mark.parametrize(
    ("text", "before", "rows_format", "after"),
    [
        (b"select 1", b"select 1", "", b""),
        (b"select 1;", b"select 1", "", b""),
        (b"select 1 format JSON ;", b"select 1 ", "JSON", b""),
        (b"select 1 format JSON -- the end", b"select 1 ", "JSON", b""),
        (b"select 1 format JSON settings a = 1", b"select 1 ", "JSON", b" settings a = 1"),
        (b"select 'x format JSON'", b"select 'x format JSON'", "", b""),
        (b"select * from (select 1 format) t", b"select * from (select 1 format) t", "", b""),
        (b"select format from t", b"select format from t", "", b""),
    ],
)
def test_format(text: bytes, before: bytes, rows_format: str, after: bytes) -> None:
    query = cut_format(text)
    assert (query.before, query.format, query.after) == (before, rows_format, after)


def test_words_and_hints() -> None:
    assert first_word(b" -- x\n/* y */ Insert into") == b"INSERT"
    assert first_word(b"(select 1)") == b""
    assert without_hints(b"select '{' -- { serverError 1 }") == b"select '{' -- ( serverError 1 }"
