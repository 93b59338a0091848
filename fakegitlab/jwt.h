/* JSON Web Tokens as KAS and GitLab exchange them: HS256 only (RFC 7515, RFC 7519). */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct jwt_key;

struct jwt_key *jwt_key_new(const void *secret, size_t len); /* copies it */
struct jwt_key *jwt_key_free(struct jwt_key *k);             /* NULL is fine */

enum jwt_verdict {
    JWT_OK,
    JWT_MISSING,    /* NULL or empty */
    JWT_MALFORMED,  /* not three parts of base64url, or no JSON in them */
    JWT_ALGORITHM,  /* not HS256: `none` first of all */
    JWT_SIGNATURE,
    JWT_ISSUER,
    JWT_AUDIENCE,
    JWT_EXPIRED,    /* exp has passed */
    JWT_EARLY,      /* nbf is still to come */
    _JWT_MAX
};
const char *jwt_verdict_to_string(enum jwt_verdict v); /* "expired" */

struct jwt_rules {
    const char *issuer;   /* `iss` must be this */
    const char *audience; /* `aud` must be this or hold it */
    int64_t leeway_s;     /* between clocks */
};

/* Signature first, then what it says. exp and nbf count if they are there, as for ruby-jwt. The signature is compared
 * in a time that does not depend on it. now: seconds since 1970. */
enum jwt_verdict jwt_check(struct jwt_key *k, const struct jwt_rules *rules, const char *token, int64_t now);

/* {"alg":"HS256","typ":"JWT"} and these claims, signed: a new string. */
char *jwt_sign(struct jwt_key *k, const json_t *claims);
