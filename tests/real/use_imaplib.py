"""imaplib with dovecot: IMAP over TLS, and STARTTLS."""

import imaplib
import os
import shutil
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
    main,
    require,
    run_servers,
    two_free_ports,
)

require("dovecot")
if os.getuid() != 0:
    print("dovecot wants to be started by root")
    raise SystemExit(NOT_HERE)

CONFIG = """protocols = imap
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
listen = 127.0.0.1
mail_location = maildir:{place}/home/mail
ssl = yes
ssl_cert = <{files.cert}
ssl_key = <{files.key}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={place}/home
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""
MUTUAL = """ssl_ca = <{files.clients}
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = yes
ssl_require_crl = no
"""


def serve(ready):
    folder = Path(tempfile.mkdtemp(prefix="dovecot"))
    folder.chmod(0o755)
    commands, ports = {}, {}
    for kind in KINDS:
        place, ports[kind] = folder / kind, two_free_ports()
        place.mkdir()
        (place / "home").mkdir()
        shutil.chown(place / "home", "nobody", "nogroup")
        files = FILES[kind]
        text = CONFIG + (MUTUAL if files.clients else "")
        (folder / f"{kind}.conf").write_text(
            text.format(place=place, files=files, port=ports[kind], plain=ports[kind] + 1)
        )
        commands[kind] = ["dovecot", "-F", "-c", str(folder / f"{kind}.conf")]
    run_servers(commands, ports, ready)


def fetch(port, certificate):
    with imaplib.IMAP4_SSL(HOST, port, ssl_context=client_context(certificate), timeout=PATIENCE) as client:
        version = use(client)
    with imaplib.IMAP4(HOST, port + 1, timeout=PATIENCE) as client:
        expect(client.starttls(client_context(certificate))[0], "OK")
        expect(use(client), version)
    return f"{version} {NAME if certificate else '-'}"


def use(client):
    expect(client.login("somebody", "x")[0], "OK")
    expect(client.append("INBOX", None, None, b"Subject: x\r\n\r\n" + b"line\r\n" * 10000)[0], "OK")
    expect(client.select()[0], "OK")
    return client.socket().version()


main(serve, fetch)
