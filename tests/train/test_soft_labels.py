"""A teacher's probabilities and their file."""

import numpy as np
import pytest

from imdb_runtime.errors import InputError
from imdb_train.soft_labels import SoftLabels

TEXTS = [b"good", b"bad", b"so so"]
LABELS = SoftLabels(np.array([0.9, 0.1, 0.5], dtype=np.float32), "by hand")


def test_what_is_written_is_read_back(tmp_path):
    LABELS.write(tmp_path / "soft", TEXTS)
    read = SoftLabels.read(tmp_path / "soft", TEXTS)
    assert read.made_by == "by hand"
    np.testing.assert_allclose(read.probabilities, LABELS.probabilities, atol=5e-4)


@pytest.mark.parametrize(
    "others", [TEXTS[:2], [b"bad", b"good", b"so so"], [b"goodbad", b"", b"so so"]]
)
def test_labels_of_other_reviews_are_refused(others, tmp_path):
    LABELS.write(tmp_path / "soft", TEXTS)
    with pytest.raises(InputError, match="made for other unlabelled reviews"):
        SoftLabels.read(tmp_path / "soft", others)


def test_a_file_that_holds_no_soft_labels_is_refused(tmp_path):
    (tmp_path / "soft").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(InputError, match="cannot read soft labels"):
        SoftLabels.read(tmp_path / "soft", TEXTS)


@pytest.mark.parametrize("wrong", [[0.5, 0.5], [0.5, 0.5, 1.5], [0.5, 0.5, np.nan]])
def test_what_is_no_probability_a_review_is_refused(wrong, tmp_path):
    SoftLabels(np.array(wrong, dtype=np.float32), "").write(tmp_path / "soft", TEXTS)
    with pytest.raises(InputError, match="not one probability for each"):
        SoftLabels.read(tmp_path / "soft", TEXTS)
