"""gossl trace: the ladder in text, in JSON and as a picture; and what it reads out of messages."""

import json
import random
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

from cli_support import CA, certificate, run, server_context, serving
from gossl import ssl
from gossl.cli import ladder, messages, svg
from gossl.cli.recorder import Message, Record, Recorder
from support import connected, contexts

RECORD = {"ms", "from", "bytes", "encrypted", "messages"}


def names(report: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(r["from"], m["name"], r["encrypted"]) for r in report["records"] for m in r["messages"]]


class TestTrace(unittest.TestCase):
    def report(self, *arguments: str, code: int = 0, context: Any = None) -> dict[str, Any]:
        with serving(context or server_context()) as port:
            ran = run("trace", "--json", f"localhost:{port}", "--cafile", CA, *arguments)
        self.assertEqual((ran.code, ran.err), (code, ""))
        report = json.loads(ran.out)
        self.assertEqual(set(report), {"schema", "target", "ok", "records"})
        self.assertEqual(report["schema"], "gossl.trace/1")
        for record in report["records"]:
            self.assertEqual(set(record), RECORD)
        return report

    def test_tls_1_3(self) -> None:
        report = self.report("--alpn", "h2")
        self.assertEqual(
            [n for n in names(report) if n[1] != "ChangeCipherSpec"],
            [
                ("client", "ClientHello", False),
                ("server", "ServerHello", False),
                ("server", "EncryptedExtensions", True),
                ("server", "Certificate", True),
                ("server", "CertificateVerify", True),
                ("server", "Finished", True),
                ("client", "Finished", True),
                ("server", "NewSessionTicket", True),
                ("server", "NewSessionTicket", True),
                ("client", "Alert", True),
            ],
        )
        details = {m["name"]: m["details"] for r in report["records"] for m in r["messages"]}
        self.assertEqual(details["ServerHello"], ["TLS 1.3, TLS_AES_256_GCM_SHA384", "key share X25519MLKEM768"])
        self.assertEqual(details["EncryptedExtensions"], ["ALPN h2"])
        self.assertEqual(details["Certificate"], ["CN=localhost, EC P-256"])
        self.assertEqual(details["CertificateVerify"], ["ecdsa_secp256r1_sha256"])
        hello = details["ClientHello"]
        self.assertEqual(hello[:2], ["TLS 1.3, TLS 1.2", "for localhost"])
        self.assertIn("key shares X25519MLKEM768, X25519", hello)
        self.assertIn("ALPN h2", hello)
        self.assertNotIn("offers to resume", hello)
        times = [r["ms"] for r in report["records"]]
        self.assertEqual(times, sorted(times))

    def test_a_hello_retry_request(self) -> None:
        context = server_context()
        context.set_groups("P-384")
        found = names(self.report("--groups", "X25519:P-384", context=context))
        self.assertEqual(
            [n for n in found if n[1] != "ChangeCipherSpec"][:4],
            [
                ("client", "ClientHello", False),
                ("server", "HelloRetryRequest", False),
                ("client", "ClientHello", False),
                ("server", "ServerHello", False),
            ],
        )

    def test_tls_1_2(self) -> None:
        report = self.report("--tls", "1.2")
        self.assertEqual(
            names(report),
            [
                ("client", "ClientHello", False),
                ("server", "ServerHello", False),
                ("server", "Certificate", False),
                ("server", "ServerKeyExchange", False),
                ("server", "ServerHelloDone", False),
                ("client", "ClientKeyExchange", False),
                ("client", "ChangeCipherSpec", False),
                ("client", "Finished", True),
                ("server", "NewSessionTicket", False),
                ("server", "ChangeCipherSpec", False),
                ("server", "Finished", True),
                ("client", "Alert", True),
            ],
        )

    def test_a_refusal_ends_in_a_fatal_alert(self) -> None:
        with serving(server_context(certificate())) as port:
            ran = run("trace", f"localhost:{port}", "--cafile", CA)
        self.assertEqual(ran.code, 3)
        self.assertIn("fatal: unknown_ca\n✗ certificate refused: self-signed certificate", ran.out)

    def test_the_ladder_in_text(self) -> None:
        with serving(server_context()) as port:
            ran = run("trace", f"localhost:{port}", "--cafile", CA)
        self.assertEqual(ran.code, 0)
        rows = ran.out.splitlines()
        self.assertRegex(rows[0], rf"^ +client +localhost:{port}$")
        self.assertRegex(rows[1], r"^ +[\d.]+ ms│─+ ClientHello ─+▶│  record of \d+ bytes$")
        self.assertRegex(ran.out, r"│◀·+ EncryptedExtensions ·+│  record of \d+ bytes, encrypted\n")
        self.assertTrue(all(len(row) <= 100 for row in rows), max(rows, key=len))

    def test_the_picture(self) -> None:
        with tempfile.TemporaryDirectory() as folder, serving(server_context()) as port:
            path = Path(folder) / "handshake.svg"
            self.assertEqual(run("trace", f"localhost:{port}", "--cafile", CA, "--svg", str(path)).code, 0)
            root = xml.etree.ElementTree.fromstring(path.read_text("utf-8"))
            ran = run("trace", f"localhost:{port}", "--cafile", CA, "--svg", folder)
        self.assertEqual((ran.code, ran.out), (1, ""))
        space = "{http://www.w3.org/2000/svg}"
        self.assertEqual(root.tag, f"{space}svg")
        words = [e.text for e in root.iter(f"{space}text")]
        for word in ("client", f"localhost:{port}", "ClientHello", "Finished", "warning: close_notify"):
            self.assertIn(word, words)
        bottom = float(root.attrib["height"])
        for text in root.iter(f"{space}text"):
            self.assertLess(float(text.attrib["y"]), bottom)
        self.assertEqual([e for e in root.iter() if e.tag.endswith(("script", "image", "use"))], [])

    def test_a_picture_says_nothing_of_the_peers_own(self) -> None:
        bad = [messages.Summary("<b>&\"'", ["</text><script>x</script>"])]
        picture = svg.picture([ladder.Rung(0, True, 1, False, bad, False)], "<", ">", "&")
        root = xml.etree.ElementTree.fromstring(picture)
        self.assertIn("</text><script>x</script>", [e.text for e in root.iter()])


class TestMessages(unittest.TestCase):
    def recorded(self) -> list[Message]:
        found = []
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            client, server = contexts()
            client.maximum_version = version
            for context in (client, server):
                context.set_alpn_protocols(["h2", "x\x1b[2J"])
            recorder = Recorder(client)
            pair = connected(client, server)
            pair.server.write(b"x")
            pair.client.read(1)
            found += recorder.messages(True) + recorder.messages(False)
        return found

    def summarize(self, message: Message) -> str:
        for is_tls13 in (True, False):
            found = messages.summarize(message, {}, is_tls13)
            text = " ".join([found.name, *found.details])
            self.assertTrue(text.isprintable(), text)
        return text

    def test_every_truncation_and_every_changed_byte(self) -> None:
        chance = random.Random(8)
        for message in self.recorded():
            data = message.data
            for length in range(len(data)):
                self.summarize(Message(message.content, data[:length]))
            for at in chance.sample(range(len(data)), min(len(data), 100)):
                changed = bytearray(data)
                changed[at] = chance.randrange(256)
                self.summarize(Message(message.content, bytes(changed)))

    def test_numbers_without_a_name(self) -> None:
        self.assertEqual(messages.summarize(Message(22, b"\xfe\0\0\0"), {}, True).name, "0x00fe")
        self.assertEqual(messages.summarize(Message(21, b"\x02\xff"), {}, True).details, ["fatal: 0x00ff"])
        self.assertEqual(messages.summarize(Message(99, b"x"), {}, True).name, "0x0063")

    def test_a_record_without_the_end_of_a_message(self) -> None:
        rung = ladder.rungs([Record(0.0, True, 22, 5)], lambda m: messages.summarize(m, {}, True))[0]
        self.assertEqual(rung.messages[0].name, "Handshake, more follows")


if __name__ == "__main__":
    unittest.main()
