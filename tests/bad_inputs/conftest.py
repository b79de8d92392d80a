import resource
import time

import pytest

GIGABYTE = 2**30


def _address_space():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[0]) * resource.getpagesize()


@pytest.fixture(autouse=True)
def bounded():
    """No bad input takes 10 seconds or a gigabyte: what asks for more gets a MemoryError instead of a message."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + GIGABYTE, limits[1]))
    start = time.perf_counter()
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)
    assert time.perf_counter() - start < 10


@pytest.fixture
def refused():
    """Calls a function and demands one readable message that holds all of the words."""

    def check(call, *words):
        with pytest.raises((ValueError, FileNotFoundError, RuntimeError, ImportError)) as caught:
            call()
        message = str(caught.value)
        missing = [word for word in words if str(word) not in message]
        assert not missing, f'{missing} not in: {message}'
        assert len(message) < 1500 and 'Traceback' not in message, message

    return check
