/* Any bytes as a JWT, and any JSON as claims that are signed with the right key: then only what they say may be wrong, and
 * with one letter changed they are nobody's. First byte: which. */
#include <stdint.h>
#include <string.h>

#include "fakegitlab/jwt.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1795403166 };
static const struct jwt_rules rules = {.issuer = "gitlab-kas", .audience = "gitlab", .leeway_s = 1};
static const char secret[33] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"; /* what the vector in the corpus was signed with */

static void raw(struct jwt_key *k, const char *token)
{
    if (jwt_check(k, &rules, token, NOW) >= _JWT_MAX)
        abort();
}

static void signed_claims(struct jwt_key *k, const json_t *claims)
{
    _cleanup_(freep) char *token = jwt_sign(k, claims);
    enum jwt_verdict v = jwt_check(k, &rules, token, NOW);
    if (v == JWT_SIGNATURE || v == JWT_MISSING || v == JWT_ALGORITHM)
        abort();
    char *signature = strrchr(token, '.') + 1;
    *signature = *signature == 'A' ? 'B' : 'A';
    v = jwt_check(k, &rules, token, NOW);
    if (v != JWT_SIGNATURE && v != JWT_MALFORMED) /* malformed: too long to be looked at */
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct jwt_key *k = jwt_key_new(secret, 32);
    if (data[0] & 1) {
        json_t *claims = json_loadb((const char *)data + 1, size - 1, 0, NULL);
        if (json_is_object(claims))
            signed_claims(k, claims);
        json_decref(claims);
    } else {
        _cleanup_(freep) char *token = xmemdup(data + 1, size - 1); /* a NUL follows */
        raw(k, token);
    }
    jwt_key_free(k);
    return 0;
}
