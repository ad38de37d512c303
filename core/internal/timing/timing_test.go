package timing

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

var sink int

func work(n int) {
	for i := range n {
		sink += i * i
	}
}

// The method sees a difference where there is one.
func TestALeakIsSeen(t *testing.T) {
	leaky := func(class int) { work(20000 + 10000*class) }
	require.Greater(t, math.Abs(Compare(1000, func(int) {}, leaky)), Threshold)
}
