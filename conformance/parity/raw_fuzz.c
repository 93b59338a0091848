/* Any bytes where a server's answer should be. */
#include <stdint.h>

#include "conformance/parity/raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    json_decref(raw_json(p, n, "eof"));
    return 0;
}
