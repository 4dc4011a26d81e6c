"""The cases of s3.py against moto, another S3 that answers in other words; what needs checked signatures is left to Swift."""
import object_store
import s3
from s3 import BadInput, Ingest, Sweep  # noqa: F401: unittest finds them here


def setUpModule():
    s3.start(object_store.Moto())


def tearDownModule():
    s3.stop()


BadInput.test_wrong_keys = None  # moto takes any
Ingest.test_web_addresses_are_brought = None  # its web addresses are Swift's

if __name__ == "__main__":
    s3.harness.main()
