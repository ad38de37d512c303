//go:build !gossl_host

package main

func main() {}
