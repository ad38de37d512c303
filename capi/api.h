/* api.h: what can be seen from outside of the library. */
#ifndef GOSSL_API_H
#define GOSSL_API_H

#ifdef _WIN32
#define API __declspec(dllexport)
#else
#define API __attribute__((visibility("default")))
#endif

#endif
