"""Tests of our own miner in Python: whom it talks to, and what it hashes."""
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "workers"))
from pool import stratum_v1  # noqa: E402
import stratum_scrypt  # noqa: E402


class Miner(unittest.TestCase):
    def test_refuses_what_is_not_private(self):
        for host, allowed in (("127.0.0.1", True), ("10.77.4.1", True), ("172.19.8.1", True), ("192.168.50.1", True), ("8.8.8.8", False),
                              ("0.0.0.0", False), ("172.32.0.1", False), ("::1", False), ("pool.example.org", False)):
            self.assertEqual(stratum_scrypt.private_address(host), allowed, host)

    def test_builds_the_header_that_the_pool_checks(self):
        dialect = stratum_v1.Dialect(random.Random(3))
        job = dialect.new_job(1000.0)
        params, fields = dialect.announce(job, True)[1]["params"], job["fields"]
        whole = stratum_v1.header(fields, bytes(4), bytes([0, 0, 0, 7]), bytes.fromhex(fields["ntime"]), bytes.fromhex("01020304"))
        self.assertEqual(stratum_scrypt.header(params, "0000000000000007") + bytes([4, 3, 2, 1]), whole)


if __name__ == "__main__":
    unittest.main()
