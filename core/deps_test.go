package core

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/gossl/gossl/"

// mayImport is who may import whom within the module. testcert and testvector are for tests only.
var mayImport = map[string][]string{
	"core/internal/alert":      {},
	"core/internal/object":     {},
	"core/internal/testcert":   {},
	"core/internal/testvector": {},
	"core/internal/group":      {"alert"},
	"core/internal/sigalg":     {"alert"},
	"core/internal/keyfile":    {"alert"},
	"core/internal/pki":        {"alert"},
	"core/internal/wire":       {"alert", "group", "sigalg"},
	"core/internal/suite":      {"alert", "wire"},
	"core/internal/keys":       {},
	"core/internal/record":     {"alert", "suite"},
	"core/internal/certinfo":   {"object", "pki"},
	"core/pure":                {"alert", "keyfile", "pki"},
}

// forbidden are the packages through which an engine would reach outside. core/netconn, which wraps one, is outside.
var forbidden = []string{"net", "os", "syscall", "log", "os/exec"}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImportsKeepTheDirection(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	require.NoError(t, err)
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p goPackage
		require.NoError(t, d.Decode(&p))
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, i := range p.Imports {
			require.False(t, slices.Contains(forbidden, i) && name != "core/netconn", "%s imports %s", name, i)
			inner, ours := strings.CutPrefix(i, module+"core/internal/")
			if ours && name != "core" {
				require.Contains(t, mayImport[name], inner, name)
			}
			require.NotContains(t, []string{"testcert", "testvector"}, inner, name)
		}
	}
}
