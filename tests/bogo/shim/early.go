package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gossl/gossl/core"
)

// reasons are BoringSSL's names for what became of early data.
var reasons = map[core.EarlyDataStatus]string{
	core.EarlyDataUndecided: "unknown", core.EarlyDataAccepted: "accept", core.EarlyDataDisabled: "disabled",
	core.EarlyDataNoSession: "no_session_offered", core.EarlyDataOldVersion: "protocol_version",
	core.EarlyDataNotResumed: "session_not_resumed", core.EarlyDataSessionWithout: "unsupported_for_session",
	core.EarlyDataRetried: "hello_retry_request", core.EarlyDataOtherALPN: "alpn_mismatch",
	core.EarlyDataTicketAge: "ticket_age_skew", core.EarlyDataDeclined: "peer_declined",
}

// initialWrite is what -shim-writes-first sends.
func (x *exchange) initialWrite() []byte {
	return []byte(strings.Repeat(x.ShimInitialWrite, x.RepeatInitialWrite))
}

// earlyData does what comes before the end of the handshake.
func (x *exchange) earlyData() error {
	if x.Server {
		return x.echoEarly()
	}
	if err := x.sendEarly(); err != nil {
		return err
	}
	offered := x.conn.EarlyDataStatus() == core.EarlyDataUndecided
	if x.ExpectNoOfferEarly && offered {
		return errors.New("early data was offered")
	}
	if !offered {
		return nil
	}
	if x.ExportKeyingMaterial > 0 { // not before the handshake is done
		if _, err := x.conn.Export(x.ExportLabel, []byte(x.ExportContext), x.UseExportContext, 1); err != nil {
			return err
		}
	}
	if err := x.run(x.conn.Handshake); err != nil {
		return err
	}
	if x.conn.EarlyDataStatus() == core.EarlyDataAccepted {
		return nil
	}
	if !x.ExpectRejectEarlyData {
		return errors.New("early data was refused")
	}
	x.options, x.early = x.shim.retried, 0
	return nil
}

// sendEarly offers early data, and sends as much of the first write as the server takes.
func (x *exchange) sendEarly() error {
	var data []byte
	if x.ShimWritesFirst && x.resume {
		data = []byte(x.ShimInitialWrite)
	}
	for i := 0; ; {
		var n int
		err := x.run(func() (err error) { n, err = x.conn.WriteEarlyData(data); return err })
		var e *core.Error
		if errors.As(err, &e) && x.conn.Err() == nil { // there is no early data, or no room for more
			return nil
		}
		if err != nil {
			return err
		}
		x.early += n
		if data = data[n:]; len(data) > 0 {
			continue
		}
		if i++; !x.ShimWritesFirst || !x.resume || i >= x.RepeatInitialWrite {
			return nil
		}
		data = []byte(x.ShimInitialWrite)
	}
}

// echoEarly sends early data back, inverted, before the client's Finished.
func (x *exchange) echoEarly() error {
	buf := make([]byte, 512)
	for {
		var n int
		err := x.run(func() (err error) { n, err = x.conn.ReadEarlyData(buf); return err })
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range buf[:n] {
			buf[i] ^= 0xff
		}
		if err := x.run(func() error { _, err := x.conn.WriteEarlyData(buf[:n]); return err }); err != nil {
			return err
		}
	}
}

func (x *exchange) checkEarlyData() error {
	status := x.conn.EarlyDataStatus()
	accepted := status == core.EarlyDataAccepted
	switch {
	case x.ExpectAcceptEarlyData && !accepted, x.ExpectRejectEarlyData && accepted:
		return fmt.Errorf("early data: %s", reasons[status])
	case x.ExpectEarlyDataReason != "" && reasons[status] != x.ExpectEarlyDataReason:
		return fmt.Errorf("early data: %s, want %s", reasons[status], x.ExpectEarlyDataReason)
	case int(x.conn.TicketAgeSkew()) != x.ExpectTicketAgeSkew && x.Server && x.resume:
		return fmt.Errorf("ticket age skew is %d seconds", x.conn.TicketAgeSkew())
	}
	return nil
}
