//go:build !linux || !arm64 || !gossl_shared

package auxv
