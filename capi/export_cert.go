package main

/*
#include "gossl.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/gossl/gossl/core"
)

//export go_cert_get
func go_cert_get(data *C.gossl_in, n C.size_t, what C.int32_t, buf *C.uint8_t, cap C.size_t, err *C.gossl_error) (count C.int64_t) {
	defer guardCount(&count)
	b, e := slice(data, n)
	if e == nil {
		b, e = core.FirstCertificate(append([]byte(nil), b...))
	}
	if e == nil {
		b, e = certFact(b, what)
	}
	if status := report(err, e); status != C.GOSSL_OK {
		return C.int64_t(status)
	}
	return give(b, unsafe.Pointer(buf), cap)
}

func certFact(der []byte, what C.int32_t) ([]byte, error) {
	switch what {
	case C.GOSSL_CERT_JSON:
		return core.DecodeCertificate(der)
	case C.GOSSL_CERT_SUBJECT:
		s, err := core.CertificateSubject(der)
		return []byte(s), err
	case C.GOSSL_CERT_DER:
		return der, nil
	case C.GOSSL_CERT_DETAILS:
		return core.CertificateDetails(der)
	}
	return nil, argumentError("no such fact")
}

//export go_cert_make
func go_cert_make(names *C.gossl_text, n C.size_t, notBefore, notAfter C.int64_t, buf *C.char, cap C.size_t,
	err *C.gossl_error) (count C.int64_t) {
	defer guardCount(&count)
	list, e := text(names, n)
	var made []byte
	if e == nil {
		made, e = core.NewDevelopmentCertificate(strings.Split(list, ","), int64(notBefore), int64(notAfter))
	}
	if status := report(err, e); status != C.GOSSL_OK {
		return C.int64_t(status)
	}
	defer clear(made) // the key
	return give(made, unsafe.Pointer(buf), cap)
}

//export go_object_by_nid
func go_object_by_nid(nid C.int32_t, buf *C.char, cap C.size_t) C.int64_t {
	return giveObject(buf, cap)(core.ObjectByNID(int(nid)))
}

//export go_object_find
func go_object_find(name *C.gossl_text, n C.size_t, byName C.int32_t, buf *C.char, cap C.size_t) C.int64_t {
	s, err := text(name, n)
	if err != nil {
		return C.GOSSL_E_ARGUMENT
	}
	return giveObject(buf, cap)(core.FindObject(s, byName != 0))
}

func giveObject(buf *C.char, cap C.size_t) func(core.Object, bool) C.int64_t {
	return func(o core.Object, ok bool) C.int64_t {
		if !ok {
			return C.GOSSL_E_INPUT
		}
		return give(fmt.Appendf(nil, "%d\n%s\n%s\n%s", o.NID, o.ShortName, o.LongName, o.OID), unsafe.Pointer(buf), cap)
	}
}

//export go_verify_text
func go_verify_text(verify C.int32_t, buf *C.char, cap C.size_t) C.int64_t {
	return give([]byte(core.VerifyText(int(verify))), unsafe.Pointer(buf), cap)
}
