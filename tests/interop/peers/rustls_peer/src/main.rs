//! A TLS client and server on rustls, for the interop tests.
//!
//!     rustls_peer server CERT KEY VERSION       prints its port, then answers every connection
//!     rustls_peer client PORT CA VERSION        prints what the server answers

use rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, Stream, SupportedProtocolVersion};
use std::error::Error;
use std::io::{copy, stdout, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

type Outcome = Result<(), Box<dyn Error>>;

static TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
static TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

fn versions(name: &str) -> &'static [&'static SupportedProtocolVersion] {
    if name == "1.2" {
        &TLS12
    } else {
        &TLS13
    }
}

fn serve(cert: &str, key: &str, version: &str) -> Outcome {
    let chain: Vec<_> = CertificateDer::pem_file_iter(cert)?.collect::<Result<_, _>>()?;
    let config = ServerConfig::builder_with_protocol_versions(versions(version))
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (mut tcp, _) = listener.accept()?;
        if let Err(e) = answer(&mut tcp, config.clone()) {
            eprintln!("{e}");
        }
    }
}

fn answer(tcp: &mut TcpStream, config: Arc<ServerConfig>) -> Outcome {
    let mut tls = ServerConnection::new(config)?;
    let mut stream = Stream::new(&mut tls, tcp);
    let _ = stream.read(&mut [0; 1000])?;
    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello\n")?;
    tls.send_close_notify();
    tls.write_tls(tcp)?;
    Ok(())
}

fn fetch(port: &str, ca: &str, version: &str) -> Outcome {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let config = ClientConfig::builder_with_protocol_versions(versions(version))
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?;
    let mut tcp = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    let mut stream = Stream::new(&mut tls, &mut tcp);
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    copy(&mut stream, &mut stdout())?;
    Ok(())
}

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "server" => serve(&args[2], &args[3], &args[4]),
        _ => fetch(&args[2], &args[3], &args[4]),
    }
}
