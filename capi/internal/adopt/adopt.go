// Package adopt copies values out of the heap of a Go runtime that is no more: the one that was running in the parent
// of a fork. That heap is mapped and typed as it was, but no collector looks at it, so nothing in it may be written to
// and nothing of ours may be reachable only from there. A copy shares no memory with it.
//
//	dead heap                      heap
//	┌ conn ┐                       ┌ conn ┐
//	│ mu   │ locked: Torn          │ mu   │ unlocked
//	│ c ───┼─► Conn ─► Store       │ c ───┼─► Conn ─► Store (one copy for all)
//	└──────┘                       └──────┘
package adopt

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// ErrTorn is the error of a value that a thread was at work on when the process was forked.
var ErrTorn = errors.New("another thread was at work on it when the process was forked")

// Once is a type of which there is one copy, however many values refer to it.
type Once interface{ AdoptOnce() }

// Interrupter is a type that can be made whole though its mutex is locked. Interrupted is called on a shallow copy.
type Interrupter interface{ Interrupted() }

// Copier copies one value at a time.
type Copier struct {
	// InImage reports whether an address is in the program's image, which is what it was: what is there is not copied.
	InImage func(uintptr) bool

	once map[unsafe.Pointer]unsafe.Pointer // for all values
	seen map[reference]unsafe.Pointer      // for the current one
}

type reference struct {
	at unsafe.Pointer
	t  reflect.Type
}

// Copy returns a deep copy of *old. Mutexes are unlocked in it; if one is locked in *old, the error is ErrTorn, unless
// the type that it is in is an Interrupter. Fields with the tag `adopt:"-"` are zero.
//
// Slices that share an array, and pointers into the middle of a value, come apart. What cannot be copied is an error:
// channels, closures, unsafe pointers.
func Copy[T any](c *Copier, old *T) (*T, error) {
	c.seen = map[reference]unsafe.Pointer{}
	if c.once == nil {
		c.once = map[unsafe.Pointer]unsafe.Pointer{}
	}
	defer func() { c.seen = nil }()
	p := unsafe.Pointer(old)
	if err := c.pointer(reflect.TypeFor[T](), &p); err != nil {
		return nil, err
	}
	return (*T)(p), nil
}

// value makes what is at p, a shallow copy of a value of type t, a deep one.
func (c *Copier) value(t reflect.Type, p unsafe.Pointer) error {
	switch t.Kind() {
	case reflect.Pointer:
		if strings.HasPrefix(t.Elem().Name(), "_Ctype_") {
			return nil // memory of C's
		}
		return c.pointer(t.Elem(), (*unsafe.Pointer)(p))
	case reflect.String:
		s := (*string)(p)
		if !c.inImage(unsafe.Pointer(unsafe.StringData(*s))) {
			*s = strings.Clone(*s)
		}
		return nil
	case reflect.Slice:
		return c.slice(t, p)
	case reflect.Struct:
		return c.structure(t, p)
	case reflect.Array:
		return c.elements(t.Elem(), t.Len(), p)
	case reflect.Interface:
		return c.dynamic(reflect.NewAt(t, p).Elem())
	case reflect.Map:
		return c.mapping(reflect.NewAt(t, p).Elem())
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if word := *(*unsafe.Pointer)(p); word != nil && !c.inImage(word) {
			return fmt.Errorf("adopt: a %s cannot be copied", t)
		}
	}
	return nil
}

func (c *Copier) inImage(p unsafe.Pointer) bool { return c.InImage(uintptr(p)) }

// pointer makes *p point to a copy.
func (c *Copier) pointer(t reflect.Type, p *unsafe.Pointer) error {
	old := *p
	if old == nil || c.inImage(old) {
		return nil
	}
	if n, ok := c.seen[reference{old, t}]; ok {
		*p = n
		return nil
	}
	_, once := reflect.NewAt(t, nil).Interface().(Once)
	if n, ok := c.once[old]; ok && once {
		*p = n
		return nil
	}
	made := reflect.New(t)
	made.Elem().Set(reflect.NewAt(t, old).Elem())
	*p = made.UnsafePointer()
	c.seen[reference{old, t}] = *p
	if err := c.value(t, *p); err != nil {
		return err
	}
	if once {
		c.once[old] = *p
	}
	return nil
}

func (c *Copier) slice(t reflect.Type, p unsafe.Pointer) error {
	old := reflect.NewAt(t, p).Elem()
	if old.IsNil() || c.inImage(old.UnsafePointer()) {
		return nil
	}
	made := reflect.MakeSlice(t, old.Len(), old.Len())
	reflect.Copy(made, old)
	old.Set(made)
	return c.elements(t.Elem(), made.Len(), made.UnsafePointer())
}

func (c *Copier) elements(t reflect.Type, n int, p unsafe.Pointer) error {
	if isPlain(t) {
		return nil
	}
	for i := range n {
		if err := c.value(t, unsafe.Add(p, uintptr(i)*t.Size())); err != nil {
			return err
		}
	}
	return nil
}

// isPlain reports whether values of a type have nothing to follow, for the types of large arrays.
func isPlain(t reflect.Type) bool { return t.Kind() <= reflect.Complex128 }

var (
	mutexType   = reflect.TypeFor[sync.Mutex]()
	rwMutexType = reflect.TypeFor[sync.RWMutex]()
)

func (c *Copier) structure(t reflect.Type, p unsafe.Pointer) error {
	if element := atomicPointee(t); element != nil {
		return c.pointer(element, (*unsafe.Pointer)(p))
	}
	interrupted, canBe := reflect.NewAt(t, p).Interface().(Interrupter)
	for i := range t.NumField() {
		f := t.Field(i)
		at := unsafe.Add(p, f.Offset)
		if f.Type != mutexType && f.Type != rwMutexType {
			continue
		}
		locked := isLocked(f.Type, at)
		reflect.NewAt(f.Type, at).Elem().SetZero()
		switch {
		case locked && !canBe:
			return ErrTorn
		case locked:
			interrupted.Interrupted()
		}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		at := unsafe.Add(p, f.Offset)
		if f.Tag.Get("adopt") == "-" {
			reflect.NewAt(f.Type, at).Elem().SetZero()
			continue
		}
		if err := c.value(f.Type, at); err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
	}
	return nil
}

// isLocked reports whether a copy of a mutex shows a writer: readers leave a value as it is.
func isLocked(t reflect.Type, p unsafe.Pointer) bool {
	if t == mutexType {
		return !(*sync.Mutex)(p).TryLock()
	}
	return !(*sync.RWMutex)(p).TryRLock()
}

// atomicPointee returns T for atomic.Pointer[T], whose first field is [0]*T and whose last is the pointer.
func atomicPointee(t reflect.Type) reflect.Type {
	if t.PkgPath() != "sync/atomic" || !strings.HasPrefix(t.Name(), "Pointer[") {
		return nil
	}
	return t.Field(0).Type.Elem().Elem()
}

// dynamic replaces what an interface holds.
func (c *Copier) dynamic(v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	made := reflect.New(v.Elem().Type())
	made.Elem().Set(v.Elem())
	if err := c.value(made.Type().Elem(), made.UnsafePointer()); err != nil {
		return err
	}
	v.Set(made.Elem())
	return nil
}

// mapping replaces a map. An old one can be gone through, but not asked: each runtime hashes in its own way.
func (c *Copier) mapping(v reflect.Value) error {
	if v.IsNil() || c.inImage(v.UnsafePointer()) {
		return nil
	}
	made := reflect.MakeMapWithSize(v.Type(), v.Len())
	for i := v.MapRange(); i.Next(); {
		key, value := reflect.New(v.Type().Key()), reflect.New(v.Type().Elem())
		key.Elem().Set(i.Key())
		value.Elem().Set(i.Value())
		for _, part := range []reflect.Value{key, value} {
			if err := c.value(part.Type().Elem(), part.UnsafePointer()); err != nil {
				return err
			}
		}
		made.SetMapIndex(key.Elem(), value.Elem())
	}
	v.Set(made)
	return nil
}
