"""boto3 with moto's server: an object in S3."""

import threading

from support import CA, HOST, KINDS, NAME, expect, free_port, main, server_context, url, wait_for


def serve(ready):
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    ports = {}
    for kind in KINDS:
        ports[kind] = free_port()
        app = DomainDispatcherApplication(create_backend_app)
        how = {"ssl_context": server_context(kind), "threaded": True}
        threading.Thread(target=run_simple, args=(HOST, ports[kind], app), kwargs=how, daemon=True).start()
        wait_for(ports[kind])
    ready(ports)
    threading.Event().wait()


def fetch(port, certificate):
    import boto3
    from botocore.config import Config

    config = Config(client_cert=certificate, retries={"max_attempts": 0}, connect_timeout=20, read_timeout=20)
    client = boto3.client(
        "s3", endpoint_url=url(port), verify=CA, config=config, region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",  # noqa: S106
    )  # fmt: skip
    bucket = f"bucket{1 if certificate else 0}"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="key", Body=NAME.encode() * 10000)
    answer = client.get_object(Bucket=bucket, Key="key")["Body"].read()
    expect(str(answer == NAME.encode() * 10000), "True")
    return f"TLSv1 {NAME if certificate else '-'}"


main(serve, fetch)
