"""Compares core's pure functions, as a Python extension made by gopy, with the interpreter's own _ssl.

    python tests/gopy/run.py DIRECTORY-OF-THE-EXTENSION

There is no shim of ours in between: what is compared is the Go code itself, on cipher strings, the object table,
certificates, host names and chains.
"""

from __future__ import annotations

import _ssl  # type: ignore[import-not-found]
import importlib
import json
import random
import ssl
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "differential"), str(ROOT / "tests")]
import run as differential  # noqa: E402

CHAINS, STRINGS, HOSTS = 1000, 3000, 1500
MISMATCH = {"code 62", "code 64"}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
WORD_LIST = (
    "ALL COMPLEMENTOFALL DEFAULT HIGH MEDIUM LOW eNULL aNULL kRSA aRSA kDHE kECDHE ECDHE DHE ADH AECDH aECDSA PSK kPSK "
    "kECDHEPSK kRSAPSK TLSv1.2 TLSv1 SSLv3 AES AES128 AES256 AESGCM AESCCM AESCCM8 ARIA CAMELLIA CHACHA20 3DES RC4 SHA "
    "SHA1 SHA256 SHA384 MD5 RSA ECDSA DSS NONSENSE ECDHE-RSA-AES128-GCM-SHA256 AES128-SHA ECDHE-ECDSA-AES256-SHA384"
)
WORDS = WORD_LIST.split(" ")


def need(same: bool, *what: object) -> None:
    if not same:
        raise AssertionError(what)


def cipher_strings(pure: Any) -> int:
    """Random programs in OpenSSL's language of cipher strings."""
    dice = random.Random(1)
    for _ in range(STRINGS):
        words = []
        for _ in range(dice.randint(1, 5)):
            words.append(
                dice.choice(["", "", "!", "-", "+"]) + "+".join(dice.sample(WORDS, dice.choice([1, 1, 1, 2, 3])))
            )
        if dice.random() < 0.2:
            words.append("@STRENGTH")
        rule = ":".join(words)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        try:
            context.set_ciphers(rule)
            theirs = [c["name"] for c in context.get_ciphers()]
        except ssl.SSLError:
            theirs = []
        try:
            ours = pure.Ciphers(rule).split(":")
        except RuntimeError:
            ours = []
        need(theirs == ours, rule, theirs, ours)
    return STRINGS


def objects(pure: Any) -> int:
    """Every object that OpenSSL has a number for, by its OID, short name and long name."""
    count = 0
    for nid in range(1, 1300):
        try:
            row = _ssl.nid2obj(nid)
        except ValueError:
            continue
        for text, by_name in ((row[3], False), (row[1], True), (row[2], True)):
            if text:
                theirs = _ssl.txt2obj(text, name=by_name)
                number, short, long, oid = pure.Object(text, by_name).split("\n")
                need((int(number), short, long, oid or None) == theirs, text, theirs)
                count += 1
    return count


def lists(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, tuple | list):
        return [lists(v) for v in value]
    if isinstance(value, dict):
        return {k: lists(v) for k, v in value.items()}
    return value


def is_host(name: str) -> bool:
    """Whether ssl takes it as a server's name: no empty label but at the end."""
    return name.isascii() and name.isprintable() and " " not in name and "" not in name.removesuffix(".").split(".")


def a_labels(host: str) -> str:
    """The host as the ssl module hands it to OpenSSL."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def hosts(certificate: dict[str, Any], dice: random.Random) -> list[str]:
    """Host names and addresses near those that a certificate is for."""
    names = [value for kind, value in certificate.get("subjectAltName", []) if kind in ("DNS", "IP Address")]
    names += [value for rdn in certificate.get("subject", []) for key, value in rdn if key == "commonName"]
    near = {"localhost", "192.0.2.1", "2001:db8::1"}
    for name in names:
        rest = name.partition(".")[2]
        near |= {name, name.upper(), name + ".", name + "x", name[1:], "www." + name}
        near |= {rest, "a.b." + rest, "xn--a." + rest}
        near |= {name.replace("*", text) for text in ("a", "xn--a", "a.b", "", "-")}
    fit = sorted(filter(is_host, near))
    return dice.sample(fit, min(len(fit), 8))


def chains(pure: Any) -> tuple[int, int, int]:
    """Certificates decoded, chains verified for a host, and the host alone matched."""
    decoded = verified = matched = 0
    dice = random.Random(2)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        judge = differential.Judge(ssl, directory)
        for case in differential.cases(CHAINS, 77):
            leaf = directory / "leaf.pem"
            leaf.write_text(case["chain"].split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
            theirs = lists(_ssl._test_decode_cert(str(leaf)))
            ours = json.loads(pure.Certificate(leaf.read_text()))
            need(theirs == ours, theirs, ours)
            decoded += 1
            if case["client"]:  # the Go function is that for servers' chains
                continue
            verdict = judge.verdict({**case, "crls": "", "flags": case["flags"] & ~0xC})
            if verdict != "good" and not verdict.startswith("code"):
                continue
            flags = case["flags"] & ~0xC
            code = pure.Verify(
                case["chain"],
                case["anchors"],
                a_labels(case["host"]),
                flags,
                case["host_flags"],
                case["level"],
                int(time.time()),
            )
            need(verdict == ("good" if code == 0 else f"code {code}"), case["id"], case["what"], verdict, code)
            verified += 1
            if matched >= HOSTS or verdict not in {"good", *MISMATCH}:
                continue
            for host in hosts(ours, dice):
                theirs = judge.verdict({**case, "crls": "", "flags": flags, "host": host})
                ours_too = pure.MatchesHost(case["chain"], host, case["host_flags"])
                # What OpenSSL checks after the host, name constraints above all, may still refuse the chain.
                need((theirs not in MISMATCH) == ours_too, case["id"], case["what"], host, theirs, ours_too)
                matched += 1
    return decoded, verified, matched


def main() -> int:
    sys.path.insert(0, str(Path(sys.argv[1]).resolve().parent))
    pure = importlib.import_module(Path(sys.argv[1]).name + ".pure")
    print(f"cipher strings: {cipher_strings(pure)} the same")
    print(f"objects: {objects(pure)} the same")
    decoded, verified, matched = chains(pure)
    print(f"certificates: {decoded} the same; chains: {verified} the same; host names: {matched} the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
