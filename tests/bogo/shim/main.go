// Command shim is the program that BoringSSL's protocol test runner (BoGo) drives: it makes one or more connections to
// the runner with package core, as its flags say, checks what it was told to expect, and says on standard error why a
// connection failed.
//
// The contract is PORTING.md of the runner: exit status 0 for success, 89 for a flag that is not known here.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/gossl/gossl/core"
)

const exitUnimplemented = 89

func main() {
	if err := run(os.Args[1:]); err != nil {
		if errors.Is(err, errUnimplemented) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitUnimplemented)
		}
		fmt.Fprintln(os.Stderr, describe(err))
		os.Exit(1)
	}
}

func run(args []string) error {
	initial, resumed, retried, err := parseFlags(args)
	if err != nil {
		return err
	}
	if initial.IsHandshakerSupported {
		fmt.Println("No")
		return nil
	}
	shim, err := newShim(initial, retried)
	if err != nil {
		return err
	}
	for i := 0; i <= initial.ResumeCount; i++ {
		o := initial
		if i > 0 {
			o = resumed
		}
		if err := shim.connect(o, i > 0); err != nil {
			return err
		}
		shim.clock += int64(o.ResumptionDelay)
	}
	return nil
}

// describe gives an error of the engine as ":REASON: text", in the form of OpenSSL's error queue.
func describe(err error) string {
	var e *core.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return ":" + e.Name() + ": " + e.Error()
}
