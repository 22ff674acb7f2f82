"""Reading YAML safely: limits first, then exact values with their lines; nothing in the file can make code run.

YAML 1.2 as ruamel.yaml scans it, without tags, with each key once.  The values are built here and not by the library,
so that numbers stay exact and each value keeps its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.nodes import Node, dotted

# The events of the YAML parser; the library gives their attributes no types.
Event: TypeAlias = Any

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 40
MAX_DIGITS = 30

_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {w: True for w in ("true", "True", "TRUE")} | {w: False for w in ("false", "False", "FALSE")}


def read_bytes(path: Path, limit: int = MAX_BYTES, what: str = "a scenario") -> bytes:
    """Return the content of a file, refusing what is no file or too large before reading it.

    Raises
    ------
    ScenarioError
        If it is missing, no regular file, unreadable, or larger than `limit` bytes.
    """

    def refuse(what: str, got: str = "", expected: str = "") -> ScenarioError:
        return ScenarioError(Problem(str(path), 0, "file", what, got, expected))

    try:
        if not path.is_file():
            raise refuse("is not a file" if path.exists() else "does not exist", expected="the path of a file")
        size = path.stat().st_size
        if size > limit:
            raise refuse("is too large", f"{size:,} bytes", f"at most {limit:,} bytes for {what}")
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror or error}") from error


def decode(data: bytes, name: str) -> str:
    """Return UTF-8 bytes as text.

    Raises
    ------
    ScenarioError
        If a byte is not UTF-8; the message gives its line and offset.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        line = data.count(b"\n", 0, at) + 1
        got = f"byte 0x{data[at]:02x} at offset {at}"
        raise ScenarioError(Problem(name, line, "file", "is not UTF-8 text", got, "a file saved as UTF-8")) from error


def parse(text: str, file: str, *, top_line: int = 1) -> Node:
    """Return the tree of a YAML text.

    Parameters
    ----------
    text : str
        YAML 1.2 with one document.
    file : str
        Name used in messages.
    top_line : int
        Line of the first line; 0 gives all values line 0.

    Raises
    ------
    ScenarioError
        If it is not YAML, holds nothing, has tags, double keys or aliases that blow it up, or is nested too deeply.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    builder = _Builder(file, top_line)
    try:
        events = iter(YAML(typ="rt", pure=True).parse(text))
        root = builder.document(events)
    except YAMLError as error:
        raise ScenarioError([*builder.problems, _syntax_problem(error, text, builder)]) from error
    if builder.problems:
        raise ScenarioError(builder.problems)
    if root is None:
        raise ScenarioError(Problem(file, top_line, "file", "is empty", expected="a mapping of fields"))
    return root


def _syntax_problem(error: Any, text: str, builder: _Builder) -> Problem:
    """Turn an error of the YAML scanner into one of ours."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line if mark else text.count("\n", 0, getattr(error, "position", None) or 0)
    words = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
    if "'\\t'" in words:
        words = "a tab cannot indent in YAML; use spaces"
    written = text.splitlines()[line] if line < len(text.splitlines()) else ""
    got = written.strip() if written.isprintable() or "\t" in written else repr(written.strip())
    return Problem(builder.file, builder.line(line), "file", f"is not valid YAML: {words}", got, "YAML 1.2")


class _Stop(Exception):
    """A limit was passed: read no further."""


@dataclass(slots=True)
class _Anchor:
    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Builder:
    """Builds the tree from parser events."""

    file: str
    top_line: int
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    path: list[str | int] = field(default_factory=list)

    def line(self, line: int) -> int:
        return line + 1 if self.top_line else 0

    def document(self, events: Iterator[Event]) -> Node | None:
        from ruamel.yaml import events as ev

        root = None
        count = 0
        try:
            for event in events:
                if isinstance(event, ev.DocumentStartEvent):
                    count += 1
                    if count > 1:
                        raise self.stop(event, "holds a second document", "---", "one document")
                elif not isinstance(event, ev.StreamStartEvent | ev.StreamEndEvent | ev.DocumentEndEvent):
                    root, _ = self.build(event, events, 0)
        except _Stop:
            return root
        return None if root is None or (root.value is None and root.raw == "") else root

    def build(self, event: Event, events: Iterator[Event], depth: int) -> tuple[Node, int]:
        """Return the node that starts with `event`, and its height."""
        from ruamel.yaml import events as ev

        if isinstance(event, ev.AliasEvent):
            return self.alias(event, depth)
        self.count(event, 1)
        if depth > MAX_DEPTH:
            got = f"more than {MAX_DEPTH} levels"
            raise self.stop(event, "is nested too deeply", got, f"at most {MAX_DEPTH} levels")
        if event.tag is not None:
            self.note(event, "has a tag; scenarios hold plain values only", str(event.tag), "the value without its tag")
        before = self.nodes
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        if isinstance(event, ev.ScalarEvent):
            node, height = self.scalar(event), 0
        elif isinstance(event, ev.MappingStartEvent):
            node, height = self.mapping(event, events, depth)
        else:
            node, height = self.sequence(event, events, depth)
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = _Anchor(node, self.nodes - before + 1, height)
        return node, height

    def alias(self, event: Event, depth: int) -> tuple[Node, int]:
        found = self.anchors.get(event.anchor)
        if found is None:
            inside = event.anchor in self.open_anchors
            raise self.stop(
                event,
                "repeats the block that it stands in" if inside else "repeats an anchor that is not defined above",
                f"*{event.anchor}",
                "the name of an anchor that ends before this line",
            )
        self.count(event, found.size)
        if depth + found.height > MAX_DEPTH:
            raise self.stop(event, "is nested too deeply", f"*{event.anchor}", f"at most {MAX_DEPTH} levels")
        return found.node, found.height

    def mapping(self, event: Event, events: Iterator[Event], depth: int) -> tuple[Node, int]:
        from ruamel.yaml import events as ev

        entries: dict[str, Node] = {}
        height = 0
        for key in events:
            if isinstance(key, ev.MappingEndEvent):
                break
            if not isinstance(key, ev.ScalarEvent):
                raise self.stop(key, "has a key that is not plain text", "", "a word, a number or a date as key")
            self.path.append(key.value)
            if key.value in entries:
                first = entries[key.value].key_line
                self.note(key, f"key is written twice, first on line {first}", key.value, "each key once")
            value, below = self.build(next(events), events, depth + 1)
            height = max(height, below + 1)
            self.path.pop()
            entries[key.value] = replace(value, key_line=self.line(key.start_mark.line))
        return Node(entries, self.file, self.line(event.start_mark.line)), height

    def sequence(self, event: Event, events: Iterator[Event], depth: int) -> tuple[Node, int]:
        from ruamel.yaml import events as ev

        items: list[Node] = []
        height = 0
        for item in events:
            if isinstance(item, ev.SequenceEndEvent):
                break
            self.path.append(len(items))
            node, below = self.build(item, events, depth + 1)
            self.path.pop()
            height = max(height, below + 1)
            items.append(node)
        return Node(items, self.file, self.line(event.start_mark.line)), height

    def scalar(self, event: Event) -> Node:
        line = self.line(event.start_mark.line)
        # The parser marks the folds of a folded text with a bell.
        text = event.value.replace("\a", "")
        if event.style:
            return Node(text, self.file, line, raw=repr(text))
        if text in _WORDS:
            return Node(_WORDS[text], self.file, line, raw=text)
        if _NOT_FINITE.fullmatch(text):
            self.note(event, "is not a finite number", text, "a finite number")
        elif _INT.fullmatch(text) or _BASED.fullmatch(text) or _FLOAT.fullmatch(text):
            return Node(self.number(event, text), self.file, line, raw=text)
        return Node(text, self.file, line, raw=text)

    def number(self, event: Event, text: str) -> int | Decimal:
        """Return a number exactly as written."""
        if len(text) > MAX_DIGITS:
            self.note(event, "is too long for a number", text, f"a number of at most {MAX_DIGITS} characters")
            return 0
        if _INT.fullmatch(text):
            return int(text)
        if _BASED.fullmatch(text):
            return int(text, 0)
        value = Decimal(text)
        if value and abs(value.adjusted()) > MAX_DIGITS:
            self.note(event, "is too large or too small", text, f"a number between 1e-{MAX_DIGITS} and 1e{MAX_DIGITS}")
            return 0
        if Decimal(repr(float(value))) != value:
            self.note(event, "has more digits than can be kept", text, "at most 15 significant digits")
        exponent = value.as_tuple().exponent
        return int(value) if isinstance(exponent, int) and exponent >= 0 else value

    def count(self, event: Event, more: int) -> None:
        self.nodes += more
        if self.nodes > MAX_NODES:
            got = f"more than {MAX_NODES:,}, each repeat of a block (alias) counted in full"
            raise self.stop(event, "holds too many values", got, f"at most {MAX_NODES:,}")

    def note(self, event: Event, what: str, got: str, expected: str) -> None:
        path = dotted(self.path) if self.path else "file"
        self.problems.append(Problem(self.file, self.line(event.start_mark.line), path, what, got, expected))

    def stop(self, event: Event, what: str, got: str, expected: str) -> _Stop:
        self.note(event, what, got, expected)
        return _Stop()
