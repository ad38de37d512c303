package core

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// exchange writes data in one piece and reads what comes, until more is wanted.
func exchange(t testing.TB, from, to *Conn, data, into []byte) int {
	n, err := from.Write(data)
	require.NoError(t, err)
	require.Equal(t, len(data), n)
	move(from, to)
	for total := 0; ; {
		n, err := to.Read(into[total:])
		if err == ErrWantRead {
			return total
		}
		require.NoError(t, err)
		total += n
	}
}

func TestRecordsAreNotAllocatedFor(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "four records": 1 << 16} {
		c, s := connectDefault(t)
		data, into := make([]byte, size), make([]byte, size+1)
		exchange(t, s, c, data, into) // and the tickets
		require.Zero(t, testing.AllocsPerRun(100, func() {
			for sent := 0; sent < size; {
				n, err := c.Write(data[sent:])
				if err != nil {
					t.Fatal(err)
				}
				sent += n
			}
			move(c, s)
			for got := 0; got < size; {
				n, err := s.Read(into[got:])
				if err != nil {
					t.Fatal(err)
				}
				got += n
			}
		}), name)
	}
}

func TestWhatReadGivesIsWhatWasWrittenWhateverTheRoom(t *testing.T) {
	c, s := connectDefault(t)
	data := make([]byte, 3000)
	for i := range data {
		data[i] = byte(i)
	}
	into := make([]byte, 4000)
	for room := 1; room < 3200; room += 97 {
		n, err := c.Write(data)
		require.NoError(t, err)
		require.Equal(t, len(data), n)
		move(c, s)
		require.LessOrEqual(t, len(data), s.Ready())
		var got []byte
		for len(got) < len(data) {
			n, err := s.Read(into[:room:room])
			require.NoError(t, err)
			got = append(got, into[:n]...)
		}
		require.True(t, bytes.Equal(data, got), "room of %d", room)
		require.Zero(t, s.Ready())
	}
}

func TestReadKeepingLeavesWhatIsBehindTheData(t *testing.T) {
	c, s := connectDefault(t)
	_, err := c.Write([]byte("four"))
	require.NoError(t, err)
	move(c, s)
	p := bytes.Repeat([]byte{'.'}, 100)
	n, err := s.ReadKeeping(p)
	require.NoError(t, err)
	require.Equal(t, "four"+string(bytes.Repeat([]byte{'.'}, 96)), string(p))
	require.Equal(t, 4, n)
}

func TestAReaderSeesNoHandshakeMessages(t *testing.T) {
	client, server, _ := configs(t)
	c, s := shaken(t, client, server)
	require.NotZero(t, c.In().Len()+move(s, c), "tickets")
	p := make([]byte, 1<<14)
	_, err := c.Read(p)
	require.Equal(t, ErrWantRead, err)
	require.Equal(t, len(p), bytes.Count(p, []byte{0}))
	require.NotNil(t, c.Session())
}

func TestARecordThatDoesNotOpenLeavesNothingToRead(t *testing.T) {
	c, s := connectDefault(t)
	_, err := c.Write(bytes.Repeat([]byte("secret"), 100))
	require.NoError(t, err)
	raw := c.Out().Bytes()
	raw[len(raw)-1] ^= 1
	move(c, s)
	p := make([]byte, 1<<14)
	_, err = s.Read(p)
	require.ErrorContains(t, err, "does not decrypt")
	require.Equal(t, len(p), bytes.Count(p, []byte{0}))
}
