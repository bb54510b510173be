import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime import _core, probabilities_reference

logits = st.lists(st.floats(width=32, allow_nan=False))
temperatures = st.floats(0.01, 100)


@pytest.mark.parametrize("module", [_core, probabilities_reference])
@given(logits=logits, temperature=temperatures)
def test_a_probability_is_the_logistic_function_of_the_scaled_logit(module, logits, temperature):
    found = module.probabilities(np.array(logits, dtype=np.float32), temperature)
    assert found.dtype == np.float32
    for probability, logit in zip(found, logits, strict=True):
        scaled = max(min(logit / temperature, 700), -700)
        assert probability == pytest.approx(1 / (1 + math.exp(-scaled)), abs=1e-7)


@given(logits=logits, temperature=temperatures)
def test_probabilities_in_c_are_those_in_numpy_but_for_the_last_bit(logits, temperature):
    values = np.array(logits, dtype=np.float32)
    in_c = _core.probabilities(values, temperature)
    in_numpy = probabilities_reference.probabilities(values, temperature)
    np.testing.assert_array_max_ulp(in_c, in_numpy, maxulp=1)


def test_a_logit_that_is_not_a_number_has_no_probability():
    assert np.isnan(_core.probabilities(np.array([np.nan], dtype=np.float32), 1.0)).all()
