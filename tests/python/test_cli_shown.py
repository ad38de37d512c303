"""How the commands show what is odd: dates, names and rows."""

import io
import unittest
from typing import Any

from cli_support import server_context, serving, start
from gossl.cli import certificates, recorder, svg
from gossl.cli.terminal import Terminal
from support import connected, contexts


def facts(start: "int | None", end: "int | None", *names: str) -> dict[str, Any]:
    return {"not_before": certificates.iso(start), "not_after": certificates.iso(end), "names": list(names)}


class TestShown(unittest.TestCase):
    def setUp(self) -> None:
        self.out = io.StringIO()
        self.terminal = Terminal(self.out, io.StringIO())

    def dates(self, start: "int | None", end: "int | None") -> str:
        return certificates.dates_text(facts(start, end), self.terminal, now=1_700_000_000)

    def test_dates(self) -> None:
        day = 86400
        now = 1_700_000_000
        for begin, end, want in (
            (now - day, now + 10 * day, "2023-11-13 to 2023-11-24 (10 days left)"),
            (now - day, now + day, "2023-11-13 to 2023-11-15 (24 hours left)"),
            (now + day, now + 2 * day, "2023-11-15 to 2023-11-16 (not valid yet)"),
            (now - 9 * day, now - 3 * day, "2023-11-05 to 2023-11-11 (expired 3 days ago)"),
            # Years of fewer than four digits, and the last that there is.
            (-60_000_000_000, 253402300799, "0068-09-03 to 9999-12-31 (2913221 days left)"),
            (None, now, "? to 2023-11-14 (malformed)"),
            (now, 1 << 60, "2023-11-14 to ? (malformed)"),
        ):
            self.assertEqual(self.dates(begin, end), want)

    def test_names(self) -> None:
        names = ["DNS:a.test", "IP Address:0:0:0:0:0:0:0:1", "IP Address:<invalid>", "URI:http://x/\x1b[2J", "DNS:e"]
        self.assertEqual(
            certificates.names_text(facts(0, 0, *names), 9), "a.test, ::1, <invalid>, URI:http://x/\\x1b[2J, e"
        )
        self.assertEqual(certificates.names_text(facts(0, 0, *names), 2), "a.test, ::1 and 3 more")

    def test_rows_fold(self) -> None:
        self.terminal.print_row("label", "word " * 40, 10)
        lines = self.out.getvalue().splitlines()
        self.assertTrue(lines[0].startswith("  label     word word") and lines[1].startswith("            word"))
        self.assertTrue(all(len(line) <= 100 for line in lines))

    def test_a_long_name_stays_in_the_picture(self) -> None:
        picture = svg.picture([], "client", "x" * 250, "title")
        self.assertIn(f">{'x' * 64}<", picture)

    def test_a_recorder_that_has_stopped_keeps_nothing(self) -> None:
        client, server = contexts()
        kept = recorder.Recorder(client)
        pair = connected(client, server)
        kept.stop()
        before = len(kept.records)
        pair.client.write(b"x")
        self.assertGreater(before, 5)
        self.assertEqual(len(kept.records), before)

    def test_an_interrupted_server_says_goodbye(self) -> None:
        import signal

        process = start("serve", "--port", "0", ".")
        assert process.stdout is not None
        self.assertIn(b"at https://localhost:", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertTrue(out.endswith(b"stopped\n"), out)

    def test_a_server_that_goes_on_sending_is_shown_as_it_is(self) -> None:
        """What a server sends by itself is on standard output, whole."""
        with serving(server_context(), behave=lambda s: s.sendall(b"banner\r\n\x00\xff" * 1000)) as port:
            process = start("connect", "--pipe", "--insecure", f"localhost:{port}")
            out, err = process.communicate(b"", timeout=60)
        self.assertEqual((process.returncode, out), (0, b"banner\r\n\x00\xff" * 1000), err)


if __name__ == "__main__":
    unittest.main()
