/* Any bytes as what a client of Gitaly says it proves; what our own client makes must pass, and a letter less must not. */
#include <stdint.h>
#include <string.h>

#include "fakegitlab/gitaly_token.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1795403187 }; /* of the vector in the corpus */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *text = xmemdup(data, size); /* a NUL follows */
    enum gitaly_token_verdict v = gitaly_token_check("gtok", text, NOW);
    if (v > GITALY_TOKEN_TIME || (v != GITALY_TOKEN_GOOD && !*gitaly_token_why(v)))
        abort();
    _cleanup_(freep) char *made = gitaly_token_make(text, NOW);
    if (gitaly_token_check(text, made, NOW) != GITALY_TOKEN_GOOD)
        abort();
    made[strlen("Bearer v2.") + 3] ^= 1;
    if (gitaly_token_check(text, made, NOW) == GITALY_TOKEN_GOOD)
        abort();
    return 0;
}
