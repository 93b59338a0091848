/* gzip of whole messages (zlib), as gRPC carries them. Output is bounded. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

int gzip_pack(const void *p, size_t n, struct buf *out);
/* 0; -EINVAL: not gzip or cut short; -EMSGSIZE: would be larger than max. */
int gzip_unpack(const void *p, size_t n, size_t max, struct buf *out);
