/* Gitaly's authentication, version 2: `authorization: Bearer v2.HEX.SECONDS`, where HEX is HMAC-SHA256 of the text
 * SECONDS under the token. It proves that the token is known, for half a minute, and never carries it. */
#pragma once

#include <stdint.h>

enum { GITALY_TOKEN_SKEW_S = 30 }; /* how far the two clocks may be apart, either way */

enum gitaly_token_verdict {
    GITALY_TOKEN_GOOD,
    GITALY_TOKEN_MISSING, /* no header, no Bearer, not three parts, no hex: Unauthenticated "authentication required" */
    GITALY_TOKEN_VERSION, /* not v2: PermissionDenied "permission denied", as the next two */
    GITALY_TOKEN_MAC,     /* made with another token */
    GITALY_TOKEN_TIME,    /* too old, from the future, or no time at all */
};

/* `authorization` may be NULL. `now_s`: seconds since 1970 on our clock. */
enum gitaly_token_verdict gitaly_token_check(const char *token, const char *authorization, int64_t now_s);
/* Why not, for the log: static. */
const char *gitaly_token_why(enum gitaly_token_verdict v);
/* What a client with this token sends at that second: a new string "Bearer v2.…". */
char *gitaly_token_make(const char *token, int64_t now_s);
