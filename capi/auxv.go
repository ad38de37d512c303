package main

import _ "github.com/gossl/gossl/capi/internal/auxv" // no descriptor is opened on aarch64
