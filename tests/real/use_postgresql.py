"""PostgreSQL, by the driver that REAL_OPTION names: asyncpg or pg8000."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support import CA, FILES, HOST, NOT_HERE, NOT_THERE, client_context, free_port, main, run_servers

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
ASK = "select version || ' ' || coalesce(client_dn, '-') from pg_stat_ssl where pid = pg_backend_pid()"
if not BINARIES:
    print("postgresql is not installed")
    raise SystemExit(NOT_THERE)
if os.getuid() != 0:
    print("only root can become postgres")
    raise SystemExit(NOT_HERE)


def serve(ready):
    folder = Path(tempfile.mkdtemp(prefix="postgresql"))
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    shutil.chown(folder, "postgres", "postgres")
    first = folder / "good"
    initdb = [str(BINARIES[-1].with_name("initdb")), "-D", str(first), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run([*as_postgres, *initdb], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    (first / "pg_hba.conf").write_text(
        "hostssl all client 127.0.0.1/32 cert\nhostssl all postgres 127.0.0.1/32 trust\n"
    )
    subprocess.run([*as_postgres, "cp", "-r", str(first), str(folder / "bad")], check=True)
    single = [str(BINARIES[-1]), "--single", "-D", str(first), "postgres"]
    subprocess.run(
        [*as_postgres, *single], input=b"create role client login;\n", check=True, stdout=subprocess.DEVNULL, cwd=folder
    )
    commands, ports = {}, {}
    for kind in ("good", "bad"):
        files, place, ports[kind] = FILES[kind], folder / kind, free_port()
        for source, target in ((files.cert, "cert"), (files.key, "key"), (CA, "ca")):
            shutil.copy(source, place / target)
            (place / target).chmod(0o600)
            shutil.chown(place / target, "postgres", "postgres")
        commands[kind] = [
            *as_postgres, str(BINARIES[-1]), "-D", str(place), "-p", str(ports[kind]), "-h", "127.0.0.1", "-k", "",
            "-c", "ssl=on", "-c", f"ssl_cert_file={place / 'cert'}", "-c", f"ssl_key_file={place / 'key'}",
            "-c", f"ssl_ca_file={place / 'ca'}", "-F",
        ]  # fmt: skip
    ports["mutual"] = ports["good"]
    run_servers(commands, ports, ready, cwd=folder)


def fetch(port, certificate):
    user, context = "client" if certificate else "postgres", client_context(certificate)
    if os.environ["REAL_OPTION"] == "pg8000":
        import pg8000.dbapi

        with pg8000.dbapi.connect(user, host=HOST, port=port, database="postgres", ssl_context=context) as connection:
            cursor = connection.cursor()
            cursor.execute(ASK)
            return cursor.fetchone()[0]
    import asyncpg

    async def run():
        connection = await asyncpg.connect(host=HOST, port=port, user=user, database="postgres", ssl=context)
        answer = await connection.fetchval(ASK)
        await connection.close()
        return answer

    return asyncio.run(run())


main(serve, fetch)
