"""Reading YAML: limits hold before anything is built, values are exact, and nothing in a file can run."""

from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.nodes import to_json
from experiments.scenarios.yaml_source import MAX_BYTES, MAX_DEPTH, decode, parse, read_bytes


def refused(text: str) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "a.yaml")
    return caught.value.problems[0]


def test_scalars_are_those_of_yaml_1_2() -> None:
    root = parse("{a: no, b: 0.29, c: 1e3, d: 0x1e, e: 012, f: ~, g: true, h: '5', i: 2022-01-01, j: 1:30, k: -3}", "a")
    values = {key: node.value for key, node in root.children.items()}
    assert values == {
        "a": "no",
        "b": Decimal("0.29"),
        "c": 1000,
        "d": 30,
        "e": 12,
        "f": None,
        "g": True,
        "h": "5",
        "i": "2022-01-01",
        "j": "1:30",
        "k": -3,
    }


def test_every_value_keeps_its_line_and_key_line() -> None:
    root = parse("a:\n  - 1\n  - b:\n      2\n", "a.yaml")
    node = root.child("a").child(1).child("b")
    assert (node.value, node.key_line, node.line, node.file) == (2, 3, 4, "a.yaml")


def test_numbers_become_json_digit_by_digit() -> None:
    assert to_json(parse("[0.10, 1.5e-5, -2, '7']", "a")) == '[0.10,0.000015,-2,"7"]'


def test_an_alias_repeats_the_block_where_it_was_written() -> None:
    root = parse("a: &x {b: 1}\nc: *x\n", "a")
    assert root.child("c").child("b").value == 1
    assert root.child("c").key_line == 2
    assert root.child("c").child("b").line == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key is written twice, first on line 1"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "has a tag"),
        ("a: 1\n---\nb: 2\n", 2, "holds a second document"),
        ("a:\n\tb: 1\n", 2, "a tab cannot indent"),
        ("a: [1, 2\n", 2, "is not valid YAML"),
        ("a: {b: *none}\n", 1, "an anchor that is not defined above"),
        ("a: &x [*x]\n", 1, "repeats the block that it stands in"),
        ("? [1, 2]\n: 3\n", 1, "a key that is not plain text"),
        ("a: .inf\n", 1, "is not a finite number"),
        ("a: 1e999999999\n", 1, "too large or too small"),
        ("a: " + "1" * 5000 + "\n", 1, "too long for a number"),
        ("a: 0.12345678901234567\n", 1, "more digits than can be kept"),
        ("", 1, "is empty"),
        ("# only a comment\n", 1, "is empty"),
        ("a: \x07\n", 1, "is not valid YAML"),
    ],
)
def test_what_is_not_a_plain_mapping_is_refused(text: str, line: int, words: str) -> None:
    problem = refused(text)
    assert words in problem.what
    assert problem.line == line


def test_an_alias_bomb_is_refused_before_it_is_spread_out() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    problem = refused("\n".join(levels))
    assert "too many values" in problem.what
    assert problem.line <= 6


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening: str) -> None:
    problem = refused("a:\n  " + opening * 3000)
    assert "nested too deeply" in problem.what
    assert str(MAX_DEPTH) in problem.expected


def test_bytes_that_are_not_utf_8_are_found_by_line_and_offset() -> None:
    with pytest.raises(ScenarioError) as caught:
        decode("a: 1\nb: 中\n".encode("gb18030"), "a.yaml")
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert problem.got == "byte 0xd6 at offset 8"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert decode(b"\xef\xbb\xbfa: 1", "a.yaml") == "a: 1"


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ScenarioError, match="is too large .got 1,000,001 bytes.; expected at most 1,000,000 bytes"):
        read_bytes(path)


@pytest.mark.parametrize(("name", "words"), [("none.yaml", "does not exist"), (".", "is not a file")])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        read_bytes(tmp_path / name)
