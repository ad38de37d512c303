import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A TLS client and server on Java's own JSSE, for the interop tests.
 *
 * <pre>
 * TlsPeer server PKCS12-FILE VERSION      prints its port, then answers every connection
 * TlsPeer client PORT CA VERSION          prints what the server answers
 * </pre>
 */
public final class TlsPeer {
    private static final char[] PASSWORD = "x".toCharArray();

    public static void main(String[] args) throws Exception {
        String[] versions = {"TLSv" + args[args.length - 1]};
        if (args[0].equals("server")) {
            serve(args[1], versions);
        } else {
            fetch(Integer.parseInt(args[1]), args[2], versions);
        }
    }

    private static void serve(String file, String[] versions) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(file)) {
            store.load(in, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        InetAddress local = InetAddress.getByName("127.0.0.1");
        try (SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, local)) {
            listener.setEnabledProtocols(versions);
            System.out.println(listener.getLocalPort());
            while (true) {
                try (SSLSocket s = (SSLSocket) listener.accept()) {
                    s.getInputStream().read(new byte[1000]);
                    s.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\nhello\n".getBytes());
                } catch (java.io.IOException refused) {
                    System.err.println(refused);
                }
            }
        }
    }

    private static void fetch(int port, String authority, String[] versions) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = new FileInputStream(authority)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        try (SSLSocket s = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
            s.setEnabledProtocols(versions);
            SSLParameters parameters = s.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            s.setSSLParameters(parameters);
            OutputStream out = s.getOutputStream();
            out.write("GET / HTTP/1.0\r\n\r\n".getBytes());
            s.getInputStream().transferTo(System.out);
            System.out.flush();
        }
    }
}
