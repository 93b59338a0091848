/* Who may call. KAS looks at the headers first, then reads the request, then asks GitLab about the token: so a call
 * with no token ends at once, one with an unknown token only after its message was valid. Texts are KAS's. */
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fakekas/auth.h"
#include "fakekas/internal.h"

int auth_bearer(const char *authorization, const char **ret_token, const char **ret_message)
{
    *ret_token = NULL;
    *ret_message = "Request unauthenticated with bearer";
    if (!authorization || !*authorization)
        return GRPC_UNAUTHENTICATED;
    const char *space = strchr(authorization, ' ');
    if (!space) {
        *ret_message = "Bad authorization string";
        return GRPC_UNAUTHENTICATED;
    }
    if ((size_t)(space - authorization) != strlen("bearer") || strncasecmp(authorization, "bearer", 6))
        return GRPC_UNAUTHENTICATED;
    *ret_token = space + 1;
    *ret_message = NULL;
    return GRPC_OK;
}

struct agent *agents_by_header(struct agents *a, const char *authorization)
{
    const char *token, *message;
    return auth_bearer(authorization, &token, &message) == GRPC_OK ? agents_by_token(a, token) : NULL;
}

static void denied(struct kas *k, struct grpc_call *call, int code, const char *why)
{
    kas_event(k, grpc_call_conn(call), grpc_call_stream(call),
              code == GRPC_UNAUTHENTICATED ? "kas.unauthenticated" : "kas.denied",
              json_pack("{ssssss}", "method", method_short(grpc_call_method(call)), "code", grpc_code_name(code),
                        "why", why));
}

int auth_headers(void *kas, struct grpc_call *call, const char **ret_message)
{
    struct kas *k = kas;
    const char *authorization = grpc_call_header(call, "authorization"), *token;
    if (!strncmp(grpc_call_method(call)->path, "/grpc.reflection.", 17))
        return GRPC_OK; /* what is served is no secret */
    int code = auth_bearer(authorization, &token, ret_message);
    if (code != GRPC_OK) {
        denied(k, call, code, *ret_message);
        return code;
    }
    struct agent *a = agents_by_token(k->agents, token);
    if (a && agent_status_now(a) == AGENT_RATE_LIMITED) {
        *ret_message = "new connection rate limit exhausted for this agent, try again later";
        denied(k, call, GRPC_RESOURCE_EXHAUSTED, "rate limit");
        return GRPC_RESOURCE_EXHAUSTED;
    }
    return GRPC_OK;
}

int auth_status_code(enum agent_status s, const struct kas_traits *t, const char **ret_message)
{
    *ret_message = "";
    switch (s) {
    case AGENT_UNAUTHENTICATED:
        *ret_message = "unauthenticated";
        return GRPC_UNAUTHENTICATED;
    case AGENT_FORBIDDEN:
        *ret_message = "forbidden";
        return GRPC_PERMISSION_DENIED;
    case AGENT_NOT_FOUND:
        if (t->not_found_rule) {
            *ret_message = "agent not found";
            return GRPC_NOT_FOUND;
        }
        break; /* before 14.2: trouble like any other */
    case AGENT_UNAVAILABLE:
        break;
    default:
        return GRPC_OK;
    }
    *ret_message = "unavailable";
    return t->trouble_is_silent ? -1 : GRPC_UNAVAILABLE;
}

struct agent *auth_admit(struct kas *k, struct grpc_call *call)
{
    const char *token, *message;
    if (auth_bearer(grpc_call_header(call, "authorization"), &token, &message) != GRPC_OK)
        return NULL;
    struct agent *a = agents_by_token(k->agents, token);
    enum agent_status status = agent_status_now(a);
    int code = auth_status_code(status, &k->traits, &message);
    if (code == GRPC_OK) {
        struct link *l = link_of(grpc_call_conn(call));
        if (l && (!l->agent_token || strcmp(l->agent_token, token))) {
            free(l->agent_token);
            l->agent_token = xstrdup(token);
        }
        return a;
    }
    const char *why = !a ? "unknown token" : a->revoked ? "revoked token" : agent_status_to_string(status);
    denied(k, call, code < 0 ? GRPC_UNAVAILABLE : code, why);
    if (code > 0)
        grpc_finish(call, code, message);
    return NULL;
}

/* splitmix64: identifiers must differ, nobody has to be kept from guessing them, and each call gets one. */
static uint64_t chance_next(struct kas *k)
{
    if (!k->chance && RAND_bytes((unsigned char *)&k->chance, sizeof(k->chance)) != 1)
        k->chance = 1;
    uint64_t z = k->chance += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/* A ULID: 48 bits of time, 80 of chance, in Crockford's base 32. */
static void ulid(struct kas *k, char out[27])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    uint64_t ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = letters[ms & 31];
    uint64_t r[2] = {chance_next(k), chance_next(k)};
    for (int i = 0; i < 16; i++)
        out[10 + i] = letters[r[i / 8] >> (5 * (i % 8)) & 31];
    out[26] = '\0';
}

json_t *auth_response_headers(void *kas, struct grpc_call *call)
{
    struct kas *k = kas;
    if (!k->traits.correlation)
        return NULL;
    char id[27];
    ulid(k, id);
    json_t *headers = json_object();
    json_object_set_new_nocheck(headers, "x-gitlab-correlation-id", json_stringn_nocheck(id, 26));
    return headers;
}
