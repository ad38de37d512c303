package adopt

import (
	"crypto/sha256"
	"hash"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

type inner struct {
	name string
	next *inner
}

type common struct{ n int }

func (*common) AdoptOnce() {}

type outer struct {
	mu     sync.Mutex
	bytes  []byte
	list   []*inner
	byName map[string]*inner
	any    any
	hash   hash.Hash
	atomic atomic.Pointer[inner]
	common *common
	left   func() `adopt:"-"`
	same   *inner
	nested [2]inner
}

func filled() *outer {
	a, b := &inner{name: "a"}, &inner{name: "b"}
	a.next, b.next = b, a // a cycle
	o := &outer{
		bytes: []byte("bytes"), list: []*inner{a, b}, byName: map[string]*inner{"a": a}, any: inner{name: "value"},
		hash: sha256.New(), common: &common{1}, left: func() { panic(a) }, same: a,
		nested: [2]inner{{name: "x"}, {name: "y", next: b}},
	}
	o.hash.Write([]byte("some"))
	o.atomic.Store(b)
	return o
}

func nothing(uintptr) bool { return false }

func TestACopySharesNothing(t *testing.T) {
	o := filled()
	n, err := Copy(&Copier{InImage: nothing}, o)
	require.NoError(t, err)
	require.Nil(t, n.left)
	require.Equal(t, o.hash.Sum(nil), n.hash.Sum(nil))
	require.Equal(t, "bytes", string(n.bytes))
	require.Equal(t, "value", n.any.(inner).name)
	require.Equal(t, "y", n.nested[1].name)

	o.bytes[0], o.list[0].name, o.common.n = 'X', "changed", 2
	o.hash.Write([]byte("more"))
	require.Equal(t, "bytes", string(n.bytes))
	require.Equal(t, "a", n.list[0].name)
	require.Equal(t, 1, n.common.n)
	require.NotEqual(t, o.hash.Sum(nil), n.hash.Sum(nil))
}

func TestReferencesToOneValueStayReferencesToOneValue(t *testing.T) {
	n, err := Copy(&Copier{InImage: nothing}, filled())
	require.NoError(t, err)
	a, b := n.list[0], n.list[1]
	require.Same(t, a, n.same)
	require.Same(t, a, n.byName["a"])
	require.Same(t, b, a.next)
	require.Same(t, a, b.next)
	require.Same(t, b, n.atomic.Load())
	require.Same(t, b, n.nested[1].next)
}

func TestCopiesShareWhatThereIsOneOf(t *testing.T) {
	o := filled()
	c := &Copier{InImage: nothing}
	first, err := Copy(c, o)
	require.NoError(t, err)
	second, err := Copy(c, o)
	require.NoError(t, err)
	require.Same(t, first.common, second.common)
	require.NotSame(t, o.common, first.common)
	require.NotSame(t, first.same, second.same)
}

func TestALockedMutexIsTorn(t *testing.T) {
	o := filled()
	o.mu.Lock()
	_, err := Copy(&Copier{InImage: nothing}, o)
	require.ErrorIs(t, err, ErrTorn)
	o.mu.Unlock()
	_, err = Copy(&Copier{InImage: nothing}, o)
	require.NoError(t, err)
}

type mended struct {
	mu    sync.Mutex
	cache map[string]int
}

func (m *mended) Interrupted() { m.cache = nil }

func TestALockedMutexOfAnInterrupterIsMended(t *testing.T) {
	m := &mended{cache: map[string]int{"a": 1}}
	n, err := Copy(&Copier{InImage: nothing}, m)
	require.NoError(t, err)
	require.Equal(t, 1, n.cache["a"])
	m.mu.Lock()
	n, err = Copy(&Copier{InImage: nothing}, m)
	require.NoError(t, err)
	require.Nil(t, n.cache)
	require.True(t, n.mu.TryLock(), "the copy is unlocked")
	require.NotNil(t, m.cache, "the old one is untouched")
}

type shared struct {
	mu    sync.RWMutex
	value int
}

func TestOnlyWritersTear(t *testing.T) {
	s := &shared{value: 1}
	s.mu.RLock()
	n, err := Copy(&Copier{InImage: nothing}, s)
	require.NoError(t, err)
	require.True(t, n.mu.TryLock())
	s.mu.RUnlock()
	s.mu.Lock()
	_, err = Copy(&Copier{InImage: nothing}, s)
	require.ErrorIs(t, err, ErrTorn)
}

func TestWhatCannotBeCopiedIsAnError(t *testing.T) {
	n := 0
	closure := struct{ f func() }{func() { n++ }}
	_, err := Copy(&Copier{InImage: nothing}, &closure)
	require.ErrorContains(t, err, "cannot be copied")
	channel := struct{ c chan int }{make(chan int)}
	_, err = Copy(&Copier{InImage: nothing}, &channel)
	require.ErrorContains(t, err, "cannot be copied")
}

func TestWhatIsInTheImageStays(t *testing.T) {
	o := filled()
	n, err := Copy(&Copier{InImage: func(uintptr) bool { return true }}, o)
	require.NoError(t, err)
	require.Same(t, o, n)
}
