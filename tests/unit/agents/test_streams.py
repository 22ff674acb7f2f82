"""Random streams depend on seed and name only, and can be saved and restored exactly."""

import json
import os
import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest

from agents import streams
from agents.streams import Streams

NAMES = ("arrivals", "news", "beliefs")


def first_draws(order, seed=11):
    many = Streams(seed)
    draws = {name: many[name].standard_normal(4) for name in order}
    return {name: draws[name].tolist() for name in NAMES}


@pytest.mark.parametrize("order", list(permutations(NAMES)))
def test_order_of_asking_changes_nothing(order):
    assert first_draws(order) == first_draws(NAMES)


def test_a_new_stream_leaves_the_others_alone():
    assert first_draws(("a stream added later", *NAMES)) == first_draws(NAMES)


def test_drawing_from_one_stream_leaves_the_others_alone():
    quiet, busy = Streams(3), Streams(3)
    busy["news"].random(1000)
    assert quiet["arrivals"].random() == busy["arrivals"].random()


def test_names_and_seeds_give_different_numbers():
    values = {Streams(seed)[name].random() for seed in range(20) for name in NAMES}
    assert len(values) == 60


def test_streams_of_one_seed_are_uncorrelated():
    many = Streams(1)
    table = np.array([many[name].standard_normal(20_000) for name in NAMES])
    off_diagonal = np.corrcoef(table)[np.triu_indices(3, 1)]
    assert np.abs(off_diagonal).max() < 4 / np.sqrt(20_000)


def test_same_name_gives_the_same_generator():
    many = Streams(1)
    assert many["lead"] is many["lead"]


def test_the_key_does_not_depend_on_the_salted_hash_of_python():
    code = "from agents.streams import Streams; print(repr(float(Streams(5)['measures'].random())))"
    runs = set()
    for salt in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        runs.add(done.stdout)
    assert runs == {f"{float(Streams(5)['measures'].random())!r}\n"}


def test_state_survives_json_and_continues_exactly():
    many = Streams(2**70)
    many["arrivals"].integers(0, 10, 7, dtype=np.int32)  # leaves half a word in the buffer of 32-bit draws
    many["news"].standard_normal(3)
    saved = json.loads(json.dumps(many.state()))
    expected = {name: many[name].integers(0, 1000, 9, dtype=np.int32).tolist() for name in NAMES}

    other = Streams(0)
    other.restore(saved)
    assert other.seed == 2**70
    assert {name: other[name].integers(0, 1000, 9, dtype=np.int32).tolist() for name in NAMES} == expected


def test_restore_moves_generators_already_handed_out():
    many = Streams(9)
    held = many["strategy"]
    saved = many.state()
    first = held.random(5).tolist()
    late = many["activity"]
    late_first = late.random()
    many.restore(saved)
    assert many["strategy"] is held
    assert held.random(5).tolist() == first
    assert late.random() == late_first


def test_constants_name_distinct_purposes():
    names = [value for key, value in vars(streams).items() if key.isupper() and isinstance(value, str)]
    assert "demand_common" in names and len(names) == len(set(names))


def test_negative_seed_and_empty_name_are_refused():
    with pytest.raises(ValueError, match="-1"):
        Streams(-1)
    with pytest.raises(ValueError, match="name"):
        Streams(1)[""]
