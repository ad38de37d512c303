package core

// Options are OpenSSL's SSL_OP_* bits, as CPython's SSLContext.options shows them. The bits that concern nothing that
// this engine has (workarounds for SSLv3-time peers, compression, DTLS) are kept and mean what they say by themselves.
type Options uint64

// The bits that the engine acts on.
const (
	OpLegacyServerConnect    Options = 1 << 2
	OpIgnoreUnexpectedEOF    Options = 1 << 7
	OpAllowNoDHEKex          Options = 1 << 10
	OpNoTicket               Options = 1 << 14
	OpNoResumptionOnReneg    Options = 1 << 16
	OpNoCompression          Options = 1 << 17
	OpNoEncryptThenMAC       Options = 1 << 19
	OpEnableMiddleboxCompat  Options = 1 << 20
	OpPrioritizeChaCha       Options = 1 << 21
	OpCipherServerPreference Options = 1 << 22
	OpNoAntiReplay           Options = 1 << 24
	OpNoSSLv3                Options = 1 << 25
	OpNoTLSv1                Options = 1 << 26
	OpNoTLSv12               Options = 1 << 27
	OpNoTLSv11               Options = 1 << 28
	OpNoTLSv13               Options = 1 << 29
	OpNoRenegotiation        Options = 1 << 30
	OpNoExtendedMasterSecret Options = 1 << 0
	OpAll                    Options = 0x80000050
)

// DefaultOptions are what CPython gives a new SSLContext under OpenSSL 3.0.
const DefaultOptions = OpAll | OpNoSSLv3 | OpCipherServerPreference | OpNoCompression | OpEnableMiddleboxCompat
