package alert

// VerifyCode is an X509_V_ERR number: why a certificate was refused. CPython shows it as verify_code.
type VerifyCode int

// OpenSSL 3.0's verification codes (x509_vfy.h).
const (
	VerifyOK                          VerifyCode = 0
	VerifyUnspecified                 VerifyCode = 1
	VerifyUnableToGetIssuerCert       VerifyCode = 2
	VerifyUnableToGetCRL              VerifyCode = 3
	VerifyUnableToDecryptCertSig      VerifyCode = 4
	VerifyUnableToDecryptCRLSig       VerifyCode = 5
	VerifyUnableToDecodeIssuerKey     VerifyCode = 6
	VerifyCertSignatureFailure        VerifyCode = 7
	VerifyCRLSignatureFailure         VerifyCode = 8
	VerifyCertNotYetValid             VerifyCode = 9
	VerifyCertHasExpired              VerifyCode = 10
	VerifyCRLNotYetValid              VerifyCode = 11
	VerifyCRLHasExpired               VerifyCode = 12
	VerifyErrorInCertNotBefore        VerifyCode = 13
	VerifyErrorInCertNotAfter         VerifyCode = 14
	VerifyErrorInCRLLastUpdate        VerifyCode = 15
	VerifyErrorInCRLNextUpdate        VerifyCode = 16
	VerifyOutOfMemory                 VerifyCode = 17
	VerifyDepthZeroSelfSigned         VerifyCode = 18
	VerifySelfSignedInChain           VerifyCode = 19
	VerifyUnableToGetIssuerLocally    VerifyCode = 20
	VerifyUnableToVerifyLeafSignature VerifyCode = 21
	VerifyCertChainTooLong            VerifyCode = 22
	VerifyCertRevoked                 VerifyCode = 23
	VerifyInvalidCA                   VerifyCode = 79
	VerifyNoIssuerPublicKey           VerifyCode = 24
	VerifyPathLengthExceeded          VerifyCode = 25
	VerifyInvalidPurpose              VerifyCode = 26
	VerifyCertUntrusted               VerifyCode = 27
	VerifyCertRejected                VerifyCode = 28
	VerifySubjectIssuerMismatch       VerifyCode = 29
	VerifyAKIDSKIDMismatch            VerifyCode = 30
	VerifyAKIDIssuerSerialMismatch    VerifyCode = 31
	VerifyKeyUsageNoCertSign          VerifyCode = 32
	VerifyUnableToGetCRLIssuer        VerifyCode = 33
	VerifyUnhandledCriticalExtension  VerifyCode = 34
	VerifyKeyUsageNoCRLSign           VerifyCode = 35
	VerifyUnhandledCriticalCRLExt     VerifyCode = 36
	VerifyInvalidNonCA                VerifyCode = 37
	VerifyProxyPathLengthExceeded     VerifyCode = 38
	VerifyKeyUsageNoDigitalSignature  VerifyCode = 39
	VerifyProxyCertsNotAllowed        VerifyCode = 40
	VerifyInvalidExtension            VerifyCode = 41
	VerifyInvalidPolicyExtension      VerifyCode = 42
	VerifyNoExplicitPolicy            VerifyCode = 43
	VerifyDifferentCRLScope           VerifyCode = 44
	VerifyUnsupportedExtensionFeature VerifyCode = 45
	VerifyUnnestedResource            VerifyCode = 46
	VerifyPermittedViolation          VerifyCode = 47
	VerifyExcludedViolation           VerifyCode = 48
	VerifySubtreeMinMax               VerifyCode = 49
	VerifyApplicationVerification     VerifyCode = 50
	VerifyUnsupportedConstraintType   VerifyCode = 51
	VerifyUnsupportedConstraintSyntax VerifyCode = 52
	VerifyUnsupportedNameSyntax       VerifyCode = 53
	VerifyCRLPathValidationError      VerifyCode = 54
	VerifyPathLoop                    VerifyCode = 55
	VerifyHostnameMismatch            VerifyCode = 62
	VerifyEmailMismatch               VerifyCode = 63
	VerifyIPAddressMismatch           VerifyCode = 64
	VerifyDANENoMatch                 VerifyCode = 65
	VerifyEEKeyTooSmall               VerifyCode = 66
	VerifyCAKeyTooSmall               VerifyCode = 67
	VerifyCAMDTooWeak                 VerifyCode = 68
	VerifyInvalidCall                 VerifyCode = 69
	VerifyStoreLookup                 VerifyCode = 70
	VerifyNoValidSCTs                 VerifyCode = 71
	VerifyProxySubjectNameViolation   VerifyCode = 72
	VerifyOCSPVerifyNeeded            VerifyCode = 73
	VerifyOCSPVerifyFailed            VerifyCode = 74
	VerifyOCSPCertUnknown             VerifyCode = 75
	VerifyUnsupportedSignatureAlg     VerifyCode = 76
	VerifySignatureAlgMismatch        VerifyCode = 77
	VerifySignatureAlgInconsistency   VerifyCode = 78
	VerifyPathLenInvalidForNonCA      VerifyCode = 80
	VerifyPathLenWithoutKUKeyCertSign VerifyCode = 81
	VerifyKUKeyCertSignInvalidNonCA   VerifyCode = 82
	VerifyIssuerNameEmpty             VerifyCode = 83
	VerifySubjectNameEmpty            VerifyCode = 84
	VerifyMissingAKI                  VerifyCode = 85
	VerifyMissingSKI                  VerifyCode = 86
	VerifyEmptySubjectAltName         VerifyCode = 87
	VerifyEmptySubjectSANNotCritical  VerifyCode = 88
	VerifyCABConsNotCritical          VerifyCode = 89
	VerifyAKIDCritical                VerifyCode = 90
	VerifySKIDCritical                VerifyCode = 91
	VerifyCACertMissingKeyUsage       VerifyCode = 92
	VerifyExtensionsRequireVersion3   VerifyCode = 93
	VerifyECKeyExplicitParams         VerifyCode = 94
)

// String returns OpenSSL's words, such as "self-signed certificate".
func (v VerifyCode) String() string {
	if s, ok := verifyTexts()[v]; ok {
		return s
	}
	return "unknown certificate verification error"
}
