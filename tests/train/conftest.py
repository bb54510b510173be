import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Models this small are fastest on one thread, and the sums' order is then the same."""
    torch.set_num_threads(1)
