"""smtplib with postfix: STARTTLS, and a message that postfix takes."""

import os
import pwd
import smtplib
import tempfile
from pathlib import Path

from support import (
    FILES,
    HOST,
    KINDS,
    NAME,
    NOT_HERE,
    PATIENCE,
    client_context,
    expect,
    free_port,
    main,
    require,
    run_servers,
)

require("postfix")
if os.getuid() != 0:
    print("postfix wants to be started by root")
    raise SystemExit(NOT_HERE)

MAIN = """compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination = localhost
local_transport = discard
local_recipient_maps =
maillog_file = {place}/log
maillog_file_prefixes = {place}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {files.cert}
smtpd_tls_key_file = {files.key}
"""
MUTUAL = """smtpd_tls_CAfile = {files.clients}
smtpd_tls_req_ccert = yes
"""
MASTER = """{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def serve(ready):
    folder = Path(tempfile.mkdtemp(prefix="postfix"))
    folder.chmod(0o755)
    owner = pwd.getpwnam("postfix")
    commands, ports = {}, {}
    for kind in KINDS:
        place, ports[kind], files = folder / kind, free_port(), FILES[kind]
        for part in ("", "queue", "data", "config"):
            (place / part).mkdir(exist_ok=True)
        os.chown(place / "data", owner.pw_uid, owner.pw_gid)
        text = MAIN + (MUTUAL if files.clients else "")
        (place / "config" / "main.cf").write_text(text.format(place=place, files=files))
        (place / "config" / "master.cf").write_text(MASTER.format(port=ports[kind]))
        commands[kind] = ["postfix", "-c", str(place / "config"), "start-fg"]
    run_servers(commands, ports, ready)


def fetch(port, certificate):
    with smtplib.SMTP(HOST, port, timeout=PATIENCE) as client:
        client.starttls(context=client_context(certificate))
        version = client.sock.version()
        refused = client.sendmail("a@localhost", ["b@localhost"], "Subject: x\r\n\r\n" + "line\r\n" * 10000)
        expect(str(refused), "{}")
    return f"{version} {NAME if certificate else '-'}"


main(serve, fetch)
