/* Bytes as text: base64, hexadecimal, UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

char *base64_encode(const void *p, size_t n);          /* a new string */
bool base64_decode(const char *text, struct buf *out); /* padding may be missing; spaces and newlines are skipped */
char *hex_encode(const void *p, size_t n);
bool hex_decode(const char *text, struct buf *out); /* spaces are skipped */
bool utf8_valid(const uint8_t *p, size_t n);
