/* places.h: where the interpreter's OpenSSL looks for trust anchors. */
#ifndef GOSSL_PLACES_H
#define GOSSL_PLACES_H

enum { LONGEST_PLACE = 4096 };

typedef struct places {
  char file[LONGEST_PLACE], directory[LONGEST_PLACE];
} places;

/* What X509_get_default_cert_file and X509_get_default_cert_dir of the OpenSSL return that a library, a file, is linked to:
   1, or 0 if it cannot be told. It is loaded if it may be and has to be, and then stays, as OpenSSL has to. */
int places_find(const char *library, int may_load, places *);

#endif
