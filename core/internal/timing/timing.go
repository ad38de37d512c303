// Package timing tells whether an operation takes longer for one class of secret inputs than for another, by the method
// of Reparaz, Balasch and Verbauwhede, "dude, is my code constant time?" (2017): both classes are measured in random
// order, and Welch's t-test compares them. It is for tests.
package timing

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Threshold is the |t| above which the classes are taken to differ.
const Threshold = 4.5

// Compare runs op(0) and op(1) samples times each, in random order, and returns the t value of their times. prepare, which
// is not measured, gets an input of the class ready. Interrupted measurements are cut off: what is slower than nine in
// ten of all counts for nothing.
func Compare(samples int, prepare, op func(class int)) float64 {
	times := make([]float64, 0, 2*samples)
	classes := make([]int, 0, 2*samples)
	for range 2 * samples {
		class := rand.IntN(2)
		prepare(class)
		start := time.Now()
		op(class)
		times = append(times, float64(time.Since(start)))
		classes = append(classes, class)
	}
	sorted := slices.Sorted(slices.Values(times))
	limit := sorted[len(sorted)*9/10]
	var s [2]sums
	for i, v := range times {
		if v <= limit {
			s[classes[i]].add(v)
		}
	}
	return (s[0].mean - s[1].mean) / math.Sqrt(s[0].variance()/s[0].n+s[1].variance()/s[1].n)
}

// sums is Welford's running mean and variance.
type sums struct{ n, mean, m2 float64 }

func (s *sums) add(v float64) {
	s.n++
	d := v - s.mean
	s.mean += d / s.n
	s.m2 += d * (v - s.mean)
}

func (s *sums) variance() float64 { return s.m2 / (s.n - 1) }
