import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import platformdirs
import pytest

from imdb_runtime.errors import InputError
from imdb_train import downloads

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves answers in turn, the last one again and again, and counts the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = [(200, CONTENT)]
        self.requests = 0
        self.url = f"http://127.0.0.1:{self.server_port}/file.bin"

    def next_answer(self):
        answer = self.answers[min(self.requests, len(self.answers) - 1)]
        self.requests += 1
        return answer


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        status, content = self.server.next_answer()
        self.send_response(status)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(content)  # shorter than announced: the connection breaks off

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda _seconds: None)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url, *, offline=False, also=(), md5=MD5):
    return downloads.fetch("file.bin", url, md5, offline=offline, also=also)


def files_in_cache():
    folder = downloads.cache_folder()
    return [file.name for file in folder.iterdir()] if folder.exists() else []


def test_a_file_is_downloaded_once_into_the_cache(server):
    path = fetch(server.url)
    assert path == downloads.cache_folder() / "file.bin"
    assert path.read_bytes() == CONTENT
    assert fetch(server.url) == path
    assert server.requests == 1
    assert files_in_cache() == ["file.bin"]


def test_the_cache_is_the_users_unless_it_is_named(monkeypatch):
    monkeypatch.delenv("IMDB_CACHE_DIR")
    assert downloads.cache_folder() == platformdirs.user_cache_path("imdb-edge")


@pytest.mark.parametrize("first", [(200, b"wrong"), (500, b""), (200, CONTENT[:5000])])
def test_a_failed_download_is_tried_again(first, server):
    server.answers.insert(0, first)
    assert fetch(server.url).read_bytes() == CONTENT
    assert server.requests == 2


@pytest.mark.parametrize("answer", [(200, bytes(len(CONTENT))), (404, b""), (200, CONTENT[:9])])
def test_a_download_that_stays_wrong_leaves_nothing_and_says_what_to_do(answer, server):
    server.answers = [answer]
    with pytest.raises(InputError) as error:
        fetch(server.url)
    assert server.requests == 1 + downloads.RETRIES
    assert files_in_cache() == []
    message = str(error.value)
    assert "\n" not in message
    for word in (server.url, str(downloads.cache_folder() / "file.bin"), "IMDB_DATA_DIR"):
        assert word in message
    reason = {404: "404"}.get(answer[0], "does not match" if len(answer[1]) > 9 else "onnection")
    assert reason in message


def test_a_damaged_file_in_the_cache_is_downloaded_again(server):
    fetch(server.url).write_bytes(b"damaged")
    assert fetch(server.url).read_bytes() == CONTENT


def test_no_server_is_a_clear_error(server):
    port_nobody_listens_on = "http://127.0.0.1:1/file.bin"
    with pytest.raises(InputError, match=r"cannot download http://127\.0\.0\.1:1/file\.bin"):
        fetch(port_nobody_listens_on)


def test_a_cache_that_cannot_be_made_is_a_clear_error(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("IMDB_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot download"):
        fetch(server.url)


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_makes_no_request(how, server, monkeypatch, tmp_path):
    monkeypatch.setenv("IMDB_DATA_DIR", str(tmp_path))
    if how == "environment":
        monkeypatch.setenv("IMDB_OFFLINE", "1")
    with pytest.raises(InputError) as error:
        fetch(server.url, offline=how == "argument", also=["file.txt"])
    for folder in (tmp_path, downloads.cache_folder()):
        for name in ("file.bin", "file.txt"):
            assert str(folder / name) in str(error.value)
    assert server.requests == 0


def test_offline_uses_the_cache_but_not_a_damaged_file(server):
    path = fetch(server.url)
    assert fetch(server.url, offline=True) == path
    path.write_bytes(b"damaged")
    with pytest.raises(InputError, match="MD5 is"):
        fetch(server.url, offline=True)
    assert server.requests == 1


def test_offline_zero_means_online(server, monkeypatch):
    monkeypatch.setenv("IMDB_OFFLINE", "0")
    assert fetch(server.url).exists()


def test_the_data_folder_comes_first_and_may_hold_another_copy(server, monkeypatch, tmp_path):
    fetch(server.url)
    monkeypatch.setenv("IMDB_DATA_DIR", str(tmp_path))
    (tmp_path / "file.bin").write_bytes(b"repacked")
    assert fetch(server.url) == tmp_path / "file.bin"
    (tmp_path / "part.bin").write_bytes(b"a part")
    assert fetch(server.url, also=["other.bin", "part.bin"]) == tmp_path / "part.bin"


def test_a_data_folder_that_is_not_there_is_an_error(server, monkeypatch, tmp_path):
    monkeypatch.setenv("IMDB_DATA_DIR", str(tmp_path / "typo"))
    with pytest.raises(InputError, match=r"IMDB_DATA_DIR is .*typo"):
        fetch(server.url)
    assert server.requests == 0
