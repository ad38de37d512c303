"""The header, the library and the Python table have the same functions and numbers."""

import re
import unittest
from pathlib import Path

from gossl import _codes, _lib

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = (ROOT / "capi" / "gossl.h").read_text()


class TestABI(unittest.TestCase):
    def test_every_function_is_in_the_library_and_bound(self) -> None:
        declared = set(re.findall(r"^(?:int32_t|int64_t|void) (gossl_\w+)\(", HEADER, re.MULTILINE))
        names = {*_lib._TYPED, *_lib._DATA}
        self.assertEqual(declared - {"gossl_abi_version"}, names - {"gossl_abi_version"})
        for name in names:
            self.assertTrue(callable(_lib.library().functions[name]))

    def test_numbers_are_the_headers(self) -> None:
        numbers = {n: int(v) for n, v in re.findall(r"^#define GOSSL_(\w+) \(?(-?\d+)\)?", HEADER, re.MULTILINE)}
        ours = {n: v for n, v in vars(_codes).items() if isinstance(v, int)}
        self.assertEqual(numbers, ours)
        self.assertEqual(len({v for n, v in numbers.items() if n.startswith(("E_", "WANT_"))}), sum(
            n.startswith(("E_", "WANT_")) for n in numbers))  # fmt: skip


if __name__ == "__main__":
    unittest.main()
