"""Asks the interpreter's own ssl and gossl the same question about random certificate chains.

    python tests/differential/run.py [COUNT [SEED]]

Each case is a handshake in memory: a server with the chain, a client with the anchors, flags and host name. Verdict and
OpenSSL's verification code must be the same. ``allowed.txt`` has the differences that are meant, with reasons.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from interpreters import package_path  # noqa: E402

COUNT, SEED = 400, 1


def cases(count: int, seed: int) -> Any:
    command = [os.environ.get("GO", "go"), "run", "./tests/differential/generate", str(seed), str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise SystemExit("the generator failed")


class Judge:
    """One implementation of ssl; its contexts read files."""

    def __init__(self, ssl: Any, directory: Path) -> None:
        self.ssl, self.directory = ssl, directory

    def file(self, name: str, text: str) -> str:
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def verdict(self, case: dict[str, Any]) -> str:
        """Return "good", "code N" or the error's name."""
        ssl = self.ssl
        owner = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if case["client"] else ssl.PROTOCOL_TLS_SERVER)
        owner.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            owner.load_cert_chain(self.file("chain.pem", case["chain"] + case["key"]))
        except ssl.SSLError as e:
            return f"not loaded: {e.reason}"
        judge = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if case["client"] else ssl.PROTOCOL_TLS_CLIENT)
        judge.set_ciphers(f"DEFAULT:@SECLEVEL={case['level']}")
        judge.verify_flags = case["flags"]
        judge._host_flags = case["host_flags"]
        judge.load_verify_locations(self.file("anchors.pem", case["anchors"] + case["crls"]))
        if case["client"]:
            owner.check_hostname, owner.verify_mode = False, ssl.CERT_NONE
            judge.verify_mode = ssl.CERT_REQUIRED
            judge.load_cert_chain(*self.own())
            return self.shake(judge, owner, None)
        try:
            return self.shake(judge, owner, case["host"])
        except (ValueError, UnicodeError) as e:  # a host that no name is
            return type(e).__name__

    def own(self) -> tuple[str, str]:
        """A certificate for a server whose clients do not look at it."""
        cert, key = self.directory / "own.pem", self.directory / "own.key"
        if not cert.exists():
            command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            command += ["-keyout", str(key), "-out", str(cert), "-subj", "/CN=own"]
            subprocess.run(command, check=True, capture_output=True)
        return str(cert), str(key)

    def shake(self, judge: Any, owner: Any, host: str | None) -> str:
        """What the judge makes of the owner's chain. With a host, the judge is the client."""
        ssl = self.ssl
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        j = judge.wrap_bio(back, there, server_side=host is None, server_hostname=host)
        o = owner.wrap_bio(there, back, server_side=host is not None)
        judged = False
        for _ in range(10):
            try:
                j.do_handshake()
                judged = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as e:
                return f"code {e.verify_code}"
            except ssl.SSLError as e:
                return str(e.reason)
            if judged:
                return "good"
            try:
                o.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as e:
                return f"peer: {e.reason}"
        return "no end"


def allowed() -> list[tuple[str, str, str]]:
    """(OpenSSL's verdict, ours, what is in such a case)."""
    found = []
    for line in (HERE / "allowed.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            theirs, ours, what, _reason = (part.strip() for part in line.split("|"))
            found.append((theirs, ours, what))
    return found


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    import ssl as stock

    sys.path.insert(0, package_path())
    from gossl import ssl as ours

    known, seen, meant, wrong = allowed(), Counter[str](), 0, 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for case in cases(count, seed):
            a, b = Judge(stock, directory).verdict(case), Judge(ours, directory).verdict(case)
            seen[a] += 1
            if a == b:
                continue
            if any(theirs in ("*", a) and ours == b and what in case["what"] for theirs, ours, what in known):
                meant += 1
            else:
                wrong += 1
                made = ", ".join(case["what"])
                print(f"case {case['id']} of seed {seed}: OpenSSL {a}, gossl {b}: {made}; {case['host']}")
                if os.environ.get("GOSSL_KEEP"):
                    Path(f"case-{seed}-{case['id']}.json").write_text(json.dumps(case))
    print(f"{count} chains, {len(seen)} different verdicts, {wrong} differences, {meant} that are meant")
    for verdict, n in seen.most_common():
        print(f"{n:7} {verdict}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
