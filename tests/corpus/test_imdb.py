import tarfile
from collections import Counter

import numpy as np
import pytest

from imdb_runtime.errors import InputError
from imdb_train.corpus import archive as archive_module
from imdb_train.corpus import load_corpus

# Published by the data set's authors: bytes of text per part.
TEXT_BYTES = {"train": 33_132_823, "test": 32_350_685, "unlabelled": 66_506_794}


def test_the_real_archive_has_the_published_sizes_and_films(imdb):
    assert imdb.name == "imdb"
    assert sum(map(len, imdb.train.texts)) == TEXT_BYTES["train"]
    assert sum(map(len, imdb.test.texts)) == TEXT_BYTES["test"]
    assert sum(map(len, imdb.unlabelled)) == TEXT_BYTES["unlabelled"]
    assert len(imdb.unlabelled) == 50_000
    for split in (imdb.train, imdb.test):
        assert len(split) == len(split.films) == 25_000
        assert split.labels.dtype == np.int64
        assert np.bincount(split.labels).tolist() == [12_500, 12_500]
        # The authors took at most 30 reviews of any film, of both labels together.
        assert max(Counter(split.films).values()) <= 30
    films = set(imdb.train.films), set(imdb.test.films)
    assert (len(films[0]), len(films[1]), len(films[0] & films[1])) == (3_456, 3_581, 1)


def test_reviews_come_neg_first_then_by_id_with_their_films(tiny_imdb, write_archive):
    backwards = dict(reversed(tiny_imdb.items()))
    corpus = load_corpus(write_archive(backwards))
    assert [text.decode() for text in corpus.train.texts] == [
        "train neg 0 café", "train neg 1 café", "train neg 2 café",
        "train pos 0 café", "train pos 1 café", "train pos 2 café",
    ]  # fmt: skip
    assert corpus.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert corpus.train.films == ["tt0000100", "tt0000101", "tt0000100"] * 2
    assert corpus.test.texts[0] == "test neg 0 café".encode()
    assert corpus.test.films == ["tt0000200", "tt0000201", "tt0000200"] * 2
    assert corpus.unlabelled == [b"first", b"second"]


@pytest.mark.parametrize("inner", ["", "aclImdb"])
def test_the_extracted_folder_reads_as_the_archive_does(
    inner, tiny_imdb, write_archive, write_folder
):
    from_archive = load_corpus(write_archive(tiny_imdb))
    from_folder = load_corpus(write_folder(tiny_imdb) / inner)
    assert from_folder.train.texts == from_archive.train.texts
    assert from_folder.test.films == from_archive.test.films
    assert from_folder.unlabelled == from_archive.unlabelled


@pytest.mark.parametrize("place", ["aclImdb", "aclImdb_v1.tar.gz"])
def test_without_a_path_imdb_is_found_in_the_data_folder(
    place, tiny_imdb, write_archive, write_folder, monkeypatch
):
    data = write_folder(tiny_imdb) if place == "aclImdb" else write_archive(tiny_imdb).parent
    monkeypatch.setenv("IMDB_DATA_DIR", str(data))
    assert len(load_corpus(offline=True).train) == 6


def test_offline_says_what_it_wanted_and_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("IMDB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IMDB_OFFLINE", "1")
    with pytest.raises(InputError) as error:
        load_corpus()
    assert str(tmp_path / "aclImdb_v1.tar.gz") in str(error.value)
    assert str(tmp_path / "aclImdb") in str(error.value)


def test_a_copy_without_unlabelled_reviews_will_do(tiny_imdb, write_archive):
    files = {name: text for name, text in tiny_imdb.items() if "unsup" not in name}
    assert load_corpus(write_archive(files)).unlabelled == []


def test_hidden_files_of_file_managers_are_passed_over(tiny_imdb, write_archive, write_folder):
    tiny_imdb["train/pos/._0_9.txt"] = b"\x00\x05\x16\x07"
    tiny_imdb["train/pos/.DS_Store"] = b"\x00"
    assert len(load_corpus(write_archive(tiny_imdb)).train) == 6
    assert len(load_corpus(write_folder(tiny_imdb)).train) == 6


def without(name):
    def change(files):
        del files[name]

    return change


def with_file(name, content):
    def change(files):
        files[name] = content

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("train/pos/1_9.txt"), ["aclImdb/train/pos has 2 reviews", "has 3"]),
        (with_file("test/neg/3_2.txt", b"x"), ["aclImdb/test/neg has 4 reviews"]),
        (without("train/unsup/0_0.txt"), ["aclImdb/train/unsup has 1 reviews"]),
        (without("test/urls_pos.txt"), ["aclImdb/test/urls_pos.txt is missing"]),
        (with_file("train/urls_neg.txt", b"http://x/title/tt1/\n"), ["urls_neg.txt: 1 lines"]),
        (
            with_file("train/urls_neg.txt", b"http://x/title/tt1/\nnothing\nhttp://x/title/tt2/\n"),
            ["train/urls_neg.txt, line 2", "nothing"],
        ),
        (with_file("train/pos/best.txt", b"x"), ["train/pos/best.txt", "ID_RATING.txt"]),
        (with_file("train/pos/3_11.txt", b"x"), ["train/pos/3_11.txt", "ID_RATING.txt"]),
        (with_file("train/pos/3_2.txt", b"x"), ["train/pos/3_2.txt", "rating 2", "pos"]),
        (with_file("train/neg/0_3.txt", b"x"), ["train/neg", "second review with ID 0"]),
        (with_file("test/pos/2_9.txt", b"ab\xff"), ["test/pos/2_9.txt", "not UTF-8 at byte 2"]),
        (with_file("test/pos/2_9.txt", bytes(5 * 2**20)), ["test/pos/2_9.txt", "5,242,880 bytes"]),
    ],
)
def test_what_is_wrong_with_a_copy_is_named(change, words, tiny_imdb, write_archive, write_folder):
    change(tiny_imdb)
    for path in (write_archive(tiny_imdb), write_folder(tiny_imdb)):
        with pytest.raises(InputError) as error:
            load_corpus(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)
        for word in words:
            assert word in str(error.value)


def test_ids_must_be_those_the_film_addresses_are_for(tiny_imdb, write_archive):
    tiny_imdb["train/pos/7_9.txt"] = tiny_imdb.pop("train/pos/2_9.txt")
    with pytest.raises(InputError, match=r"train/pos has a review with ID 7; .* 0 to 2"):
        load_corpus(write_archive(tiny_imdb))


def test_a_folder_that_is_not_imdb_is_refused(tmp_path):
    with pytest.raises(InputError, match="no IMDB folder"):
        load_corpus(tmp_path)


def test_a_linked_review_in_a_folder_is_not_followed(tiny_imdb, write_folder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"not a review")
    root = write_folder(tiny_imdb)
    review = root / "aclImdb/train/pos/1_9.txt"
    review.unlink()
    review.symlink_to(secret)
    with pytest.raises(InputError, match=r"1_9\.txt: not a regular file"):
        load_corpus(root)


def member(name, kind=tarfile.REGTYPE, target="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (member("/etc/passwd"), "points out of the archive"),
        (member("aclImdb/../../x"), "points out of the archive"),
        (member("aclImdb\\..\\x"), "points out of the archive"),
        (member("aclImdb/train/pos/l", tarfile.SYMTYPE, "/etc/passwd"), "link, device"),
        (member("aclImdb/train/pos/l", tarfile.LNKTYPE, "aclImdb/README"), "link, device"),
        (member("elsewhere/null", tarfile.CHRTYPE), "link, device"),
        (member("elsewhere/pipe", tarfile.FIFOTYPE), "link, device"),
        (member("aclImdb/train/pos/0_9.txt"), "there twice"),
        (member("./aclImdb/README"), "there twice"),
    ],
    ids=lambda value: value.name if isinstance(value, tarfile.TarInfo) else "",
)
def test_hostile_members_are_refused(bad, words, tiny_imdb, write_archive):
    with pytest.raises(InputError, match=words):
        load_corpus(write_archive(tiny_imdb, bad))


def test_the_bounds_hold(tiny_imdb, write_archive, monkeypatch):
    path = write_archive(tiny_imdb, member("aclImdb/train/labeledBow.feat", size=3000))
    monkeypatch.setattr(archive_module, "MAX_MEMBER_BYTES", 3000)
    assert len(load_corpus(path).train) == 6
    monkeypatch.setattr(archive_module, "MAX_MEMBER_BYTES", 2999)
    with pytest.raises(InputError, match=r"labeledBow.feat' has 3,000 bytes, over 2,999"):
        load_corpus(path)
    monkeypatch.undo()
    monkeypatch.setattr(archive_module, "MAX_TOTAL_BYTES", 10_000)
    with pytest.raises(InputError, match="more than 10,000 bytes"):
        load_corpus(path)
    monkeypatch.undo()
    monkeypatch.setattr(archive_module, "MAX_MEMBERS", 10)
    with pytest.raises(InputError, match="more than 10 members"):
        load_corpus(path)


@pytest.mark.parametrize("kept", [0, 1, 10, 200, 0.5, 0.99, -1])
def test_a_cut_archive_is_an_error_wherever_it_is_cut(kept, tiny_imdb, write_archive):
    path = write_archive(tiny_imdb)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(InputError) as error:
        load_corpus(path)
    assert str(path) in str(error.value)


def test_a_flipped_byte_or_another_kind_of_file_is_an_error(tiny_imdb, write_archive):
    path = write_archive(tiny_imdb)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-6] ^= 1  # in gzip's checksum
    for content in (bytes(flipped), b"<html>not found</html>"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"not a whole \.tar\.gz"):
            load_corpus(path)
