"""Where trust anchors come from, and what is done with them."""

from __future__ import annotations

import os
import subprocess
import unittest
import warnings
from pathlib import Path
from unittest import mock

import gossl
from gossl import _paths, ssl
from support import AUTHORITY, DIRECTORY, LEAF, Authority, Pair, connected, make_key

GOOD = AUTHORITY.cert.read_text()
BAD = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"
NOWHERE = {"SSL_CERT_FILE": "/nowhere/cert.pem", "SSL_CERT_DIR": "/nowhere/certs"}


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


def environment(**variables: str) -> mock._patch_dict:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SSL_CERT_", "GOSSL_TRUST"))}
    return mock.patch.dict(os.environ, {**kept, **variables}, clear=True)


def server() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(LEAF.cert, LEAF.key)
    return made


class Stores(unittest.TestCase):
    def store(self, text: str) -> str:
        path = DIRECTORY / "store.pem"
        path.write_text(text)
        return str(path)

    def test_a_bad_entry_of_a_store_is_skipped_and_reported(self) -> None:
        path = self.store(BAD + GOOD + BAD.replace("!!!!", "MAA=") + GOOD[:-20])
        with environment(SSL_CERT_FILE=path, SSL_CERT_DIR="/nowhere"):
            connected(ssl.create_default_context(), server()).pass_data()
            said = gossl.trust_store()
        self.assertEqual(("environment", path, ["/nowhere"], 1), said[:4])
        self.assertEqual(["entry 0", "entry 2", "entry 3"], [s.split(":")[0] for s in said.skipped])
        with self.assertRaises(ssl.SSLError):
            ssl.create_default_context(cafile=path)

    def test_a_bad_file_of_a_hashed_directory_is_passed_over_and_reported(self) -> None:
        directory = DIRECTORY / "some-broken"
        directory.mkdir(exist_ok=True)
        for name, text in (("0a0a0a0a.0", BAD), ("0b0b0b0b.1", GOOD), ("0c0c0c0c.0", ""), ("readme", BAD)):
            (directory / name).write_text(text)
        with environment(SSL_CERT_FILE=self.store(GOOD), SSL_CERT_DIR=str(directory)):
            connected(ssl.create_default_context(), server()).pass_data()
            skipped = gossl.trust_store().skipped
        self.assertEqual(
            [str(directory / "0a0a0a0a.0"), str(directory / "0c0c0c0c.0")], [s.split(":")[0] for s in skipped]
        )

    def test_mozillas_anchors_where_the_system_has_none(self) -> None:
        with environment(), mock.patch.object(_paths, "default_locations", lambda: ("/nowhere", "/nowhere")):
            said = gossl.trust_store()
            self.assertEqual(("mozilla", "", []), said[:3])
            self.assertGreater(said.certificates, 100)
            context = ssl.create_default_context()
        self.assertEqual(said.certificates, context.cert_store_stats()["x509_ca"])
        with self.assertRaises(ssl.SSLCertVerificationError):
            connected(context, server())

    def test_mozillas_anchors_when_asked(self) -> None:
        with environment(GOSSL_TRUST="mozilla", SSL_CERT_FILE=str(AUTHORITY.cert)):
            self.assertEqual("mozilla", gossl.trust_store().source)
            self.assertGreater(ssl.create_default_context().cert_store_stats()["x509"], 100)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_mozillas_anchors_in_a_child(self) -> None:
        with environment(GOSSL_TRUST="mozilla"):
            context = ssl.create_default_context()
            stats, anchors = context.cert_store_stats(), context.get_ca_certs(True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of other threads
                child = os.fork()
            if child == 0:
                same = context.cert_store_stats() == stats and context.get_ca_certs(True) == anchors
                os._exit(0 if same and ssl.create_default_context().cert_store_stats() == stats else 1)
            self.assertEqual(0, os.waitpid(child, 0)[1])

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_a_store_that_nobody_has_looked_into_yet_in_a_child(self) -> None:
        with environment(SSL_CERT_FILE=self.store(BAD + GOOD), SSL_CERT_DIR=""):
            context = ssl.create_default_context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of other threads
            child = os.fork()
        if child == 0:
            try:
                connected(context, server()).pass_data()
                os._exit(0 if context.cert_store_stats()["x509"] == 1 else 1)
            finally:
                os._exit(2)
        connected(context, server()).pass_data()
        self.assertEqual(0, os.waitpid(child, 0)[1])

    def test_an_unknown_store_is_refused(self) -> None:
        with environment(GOSSL_TRUST="mozila"), self.assertRaises(ValueError):
            ssl.create_default_context()

    def test_the_system_comes_first(self) -> None:
        for locations in ((str(AUTHORITY.cert), "/nowhere"), ("/nowhere", str(DIRECTORY))):
            with environment(), mock.patch.object(_paths, "default_locations", lambda found=locations: found):
                self.assertEqual("system", gossl.trust_store().source)

    def test_what_the_environment_names_is_not_made_up_for(self) -> None:
        with environment(**NOWHERE):
            self.assertEqual(("environment", 0), (gossl.trust_store().source, gossl.trust_store().certificates))
            self.assertEqual(0, ssl.create_default_context().cert_store_stats()["x509"])
        with environment(SSL_CERT_FILE="", SSL_CERT_DIR=""):
            self.assertEqual(("environment", "", [], 0, []), gossl.trust_store())

    def test_a_changed_file_is_read_anew(self) -> None:
        path = self.store(GOOD)
        first = ssl.create_default_context(cafile=path)
        self.store(GOOD + Authority(DIRECTORY / "other", "another").cert.read_text())
        second = ssl.create_default_context(cafile=path)
        self.assertEqual((1, 2), (first.cert_store_stats()["x509"], second.cert_store_stats()["x509"]))

    def test_a_changed_file_is_noticed_though_size_and_time_are_the_same(self) -> None:
        path = self.store(GOOD.ljust(8000, "\n"))
        before = os.stat(path)
        first = ssl.create_default_context(cafile=path)
        self.store(Authority(DIRECTORY / "changed", "changed").cert.read_text().ljust(8000, "\n"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = os.stat(path)
        self.assertEqual((before.st_mtime_ns, before.st_size), (after.st_mtime_ns, after.st_size))
        second = ssl.create_default_context(cafile=path)
        self.assertNotEqual(first.get_ca_certs(True), second.get_ca_certs(True))

    def test_revocation_lists_in_a_directory(self) -> None:
        directory = DIRECTORY / "lists"
        directory.mkdir()
        index, settings = directory / "index.txt", directory / "ca.cnf"
        settings.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=sha256\ndefault_crl_days=3\n")
        digest = openssl("x509", "-noout", "-subject_hash", "-in", str(AUTHORITY.cert)).strip()
        (directory / f"{digest}.0").write_text(GOOD)
        by_authority = ["-config", str(settings), "-keyfile", str(AUTHORITY.key), "-cert", str(AUTHORITY.cert)]
        for revoked, code in ((None, 3), (False, 0), (True, 23)):
            if revoked is not None:
                index.write_text("")
                if revoked:
                    openssl("ca", *by_authority, "-revoke", str(LEAF.cert))
                openssl("ca", *by_authority, "-gencrl", "-out", str(directory / f"{digest}.r0"))
            client = ssl.create_default_context(capath=str(directory))
            client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
            try:
                connected(client, server())
                found = 0
            except ssl.SSLCertVerificationError as e:
                found = e.verify_code
            self.assertEqual(code, found, revoked)

    def test_directories_are_looked_into_when_a_chain_needs_it(self) -> None:
        directory = DIRECTORY / "hashed"
        directory.mkdir()
        digest = openssl("x509", "-noout", "-subject_hash", "-in", str(AUTHORITY.cert)).strip()
        (directory / f"{digest}.0").write_text("broken")  # somebody else's, with the same hash
        (directory / f"{digest}.1").write_text(GOOD)
        client = ssl.create_default_context(capath=str(directory))
        self.assertEqual(0, client.cert_store_stats()["x509"])
        connected(client, server()).pass_data()
        self.assertEqual(1, client.cert_store_stats()["x509"])
        with environment(SSL_CERT_FILE="/nowhere", SSL_CERT_DIR=f"/nowhere{os.pathsep}{directory}"):
            connected(ssl.create_default_context(), server()).pass_data()


class Flags(unittest.TestCase):
    ALL_PATHS = 1 << 40

    def test_every_path_is_tried_if_asked(self) -> None:
        """The server sends two certificates of its intermediate, the wrong one first."""
        strangers = Authority(DIRECTORY / "stranger", "stranger")
        middle = DIRECTORY / "middle"
        make_key(middle.with_suffix(".key"), "ecdsa")
        openssl("req", "-new", "-key", f"{middle}.key", "-out", f"{middle}.csr", "-subj", "/CN=middle")
        middle.with_suffix(".ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        signed = []
        for authority in (strangers, AUTHORITY):
            signed.append(f"{middle}{len(signed)}.pem")
            openssl("x509", "-req", "-in", f"{middle}.csr", "-CA", str(authority.cert), "-CAkey", str(authority.key),
                    "-set_serial", "7", "-out", signed[-1], "-days", "3", "-extfile", f"{middle}.ext")  # fmt: skip
        below = Authority(DIRECTORY / "below", "middle")
        below.cert, below.key = Path(signed[1]), middle.with_suffix(".key")
        leaf = below.issue("leaf", "ecdsa")
        sends = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        texts = [Path(name).read_text() for name in (str(leaf.cert), *signed)]
        sends.load_cert_chain("".join(texts).encode(), leaf.key.read_bytes())
        client = ssl.create_default_context(cafile=str(AUTHORITY.cert))
        client.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        with self.assertRaises(ssl.SSLCertVerificationError) as caught:
            connected(client, sends)
        self.assertEqual(20, caught.exception.verify_code)
        client.verify_flags |= self.ALL_PATHS
        self.assertTrue(client.verify_flags & self.ALL_PATHS)
        connected(client, sends).pass_data()


class TrustSettings(unittest.TestCase):
    """What stands in a TRUSTED CERTIFICATE."""

    def trusted(self, certificate: Path, *settings: str) -> str:
        target = DIRECTORY / "trusted.pem"
        openssl("x509", "-in", str(certificate), "-trustout", *settings, "-out", str(target))
        return str(target)

    def code(self, cafile: str | None, flags: int = 0, capath: str | None = None) -> int:
        client = ssl.create_default_context(cafile=cafile, capath=capath)
        client.verify_flags |= flags
        try:
            Pair(client, server()).shake()
        except ssl.SSLCertVerificationError as e:
            return e.verify_code
        return 0

    def test_they_decide(self) -> None:
        for settings, code in (
            (["-addtrust", "serverAuth"], 0),
            (["-addtrust", "anyExtendedKeyUsage"], 0),
            (["-addtrust", "clientAuth"], 28),
            (["-addreject", "serverAuth"], 28),
            (["-addreject", "clientAuth"], 0),
            (["-addtrust", "serverAuth", "-addreject", "serverAuth"], 28),
            (["-setalias", "an anchor"], 0),
        ):
            with self.subTest(settings):
                self.assertEqual(code, self.code(self.trusted(AUTHORITY.cert, *settings)))

    def test_in_a_directory(self) -> None:
        directory = DIRECTORY / "trusted"
        directory.mkdir()
        digest = openssl("x509", "-noout", "-subject_hash", "-in", str(AUTHORITY.cert)).strip()
        for settings, code in ((["-addtrust", "serverAuth"], 0), (["-addreject", "serverAuth"], 28)):
            (directory / f"{digest}.0").write_text(Path(self.trusted(AUTHORITY.cert, *settings)).read_text())
            self.assertEqual(code, self.code(None, capath=str(directory)))

    def test_the_leaf_too(self) -> None:
        partial = ssl.VERIFY_X509_PARTIAL_CHAIN if hasattr(ssl, "VERIFY_X509_PARTIAL_CHAIN") else 0x80000
        self.assertEqual(0, self.code(str(LEAF.cert), partial))
        self.assertEqual(28, self.code(self.trusted(LEAF.cert, "-addreject", "serverAuth"), partial))


if __name__ == "__main__":
    unittest.main()
