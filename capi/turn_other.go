//go:build !linux || !gossl_turns

package main

func newTurn() {}
