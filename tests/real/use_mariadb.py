"""PyMySQL with MariaDB."""

import getpass
import subprocess
import tempfile
from pathlib import Path

from support import CA, FILES, HOST, NAME, client_context, free_port, main, require, run_servers

require("mariadbd", "mariadb-install-db")
USERS = """create user 'anyone'@'%' require ssl;
create user 'client'@'%' require subject '/CN=client';
flush privileges;
"""


def serve(ready):
    folder = Path(tempfile.mkdtemp(prefix="mariadb"))
    (folder / "users.sql").write_text(USERS)
    commands, ports = {}, {}
    for kind in ("good", "bad"):
        files, place, ports[kind] = FILES[kind], folder / kind, free_port()
        common = ["--no-defaults", f"--datadir={place}", f"--user={getpass.getuser()}"]
        install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        commands[kind] = [
            "mariadbd", *common, f"--port={ports[kind]}", "--bind-address=127.0.0.1", f"--socket={folder / kind}.sock",
            f"--ssl-cert={files.cert}", f"--ssl-key={files.key}", f"--ssl-ca={CA}", "--skip-name-resolve",
            f"--init-file={folder / 'users.sql'}", "--innodb-flush-log-at-trx-commit=0", f"--pid-file={place}.pid",
        ]  # fmt: skip
    ports["mutual"] = ports["good"]
    run_servers(commands, ports, ready)


def fetch(port, certificate):
    import pymysql

    user = NAME if certificate else "anyone"
    with pymysql.connect(host=HOST, port=port, user=user, ssl=client_context(certificate)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("show status like 'Ssl_version'")
            return f"{cursor.fetchone()[1]} {NAME if certificate else '-'}"


main(serve, fetch)
