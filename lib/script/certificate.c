/* The server certificate that a scenario asks for: its defect by name, and the names that it is good for. */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/schema.h"
#include "lib/script/tls_setup.h"

enum { MAX_HOSTS = 64, DAY = 24 * 60 * 60 };

/* The defects by badssl's names, and a few more. */
static const char *const kinds[] = {
    "good",          "self-signed",      "unknown-ca",       "untrusted-root",       "expired",
    "not-yet-valid", "wrong-host",       "no-san",           "missing-intermediate", "incomplete-chain",
    "reversed-chain", "sha1-leaf",       "sha1-intermediate", "expired-intermediate", "no-subject",
    "client-only",   "1000-sans",        "10000-sans",       "rsa1024",              "rsa2048",
    "rsa4096",       "rsa8192",          "ecc384",           "ecc521"};
static const char *const other_hosts[] = {"other.example", NULL};

static void sizes_of(const char *kind, struct leaf_spec *s)
{
    static const struct {
        const char *kind;
        int bits, hosts;
    } sizes[] = {{"rsa1024", 1024, 0}, {"rsa2048", 2048, 0}, {"rsa4096", 4096, 0},  {"rsa8192", 8192, 0},
                 {"ecc384", 384, 0},   {"ecc521", 521, 0},   {"1000-sans", 0, 1000}, {"10000-sans", 0, 10000}};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        if (!strcmp(kind, sizes[i].kind)) {
            s->rsa_bits = sizes[i].bits;
            s->more_hosts = sizes[i].hosts;
        }
}

unsigned certificate_rsa_keys(const json_t *tree)
{
    const char *kind = json_string_value(tree), *key;
    unsigned found = 0;
    json_t *v;
    size_t i;
    if (kind)
        return !strcmp(kind, "rsa2048") ? CERTIFICATE_RSA_2048 : !strcmp(kind, "rsa4096") ? CERTIFICATE_RSA_4096 : 0;
    json_object_foreach((json_t *)tree, key, v)
        found |= certificate_rsa_keys(v);
    json_array_foreach(tree, i, v)
        found |= certificate_rsa_keys(v);
    return found;
}

static bool either(const char *kind, const char *a, const char *b)
{
    return !strcmp(kind, a) || !strcmp(kind, b);
}

static int apply_kind(const char *part, const char *kind, struct leaf_spec *s, char **reterr)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        known |= !strcmp(kind, kinds[i]);
    if (!known) {
        const char *near = nearest(kind, kinds, ARRAY_SIZE(kinds));
        *reterr = xasprintf("%s.certificate.kind: \"%s\" is none; did you mean %s?", part, kind, near ? near : "good");
        return -EINVAL;
    }
    sizes_of(kind, s);
    s->self_signed = !strcmp(kind, "self-signed");
    s->unknown_ca = either(kind, "unknown-ca", "untrusted-root");
    s->omit_intermediate = either(kind, "missing-intermediate", "incomplete-chain");
    s->no_san = !strcmp(kind, "no-san");
    s->reversed = !strcmp(kind, "reversed-chain");
    s->sha1 = !strcmp(kind, "sha1-leaf");
    s->sha1_intermediate = !strcmp(kind, "sha1-intermediate");
    s->expired_intermediate = !strcmp(kind, "expired-intermediate");
    s->no_cn = !strcmp(kind, "no-subject");
    s->client_only = !strcmp(kind, "client-only");
    if (!strcmp(kind, "wrong-host"))
        s->hosts = other_hosts;
    if (!strcmp(kind, "expired")) {
        s->not_before_s = -90 * DAY;
        s->not_after_s = -1 * DAY;
    } else if (!strcmp(kind, "not-yet-valid")) {
        s->not_before_s = 1 * DAY;
        s->not_after_s = 90 * DAY;
    }
    return 0;
}

static void choose_hosts(const json_t *spec, const char *const *otherwise, const char **hosts)
{
    const json_t *given = json_object_get(spec, "hosts"), *h;
    size_t i, n = 0;
    json_array_foreach (given, i, h)
        if (json_is_string(h) && n < MAX_HOSTS)
            hosts[n++] = json_string_value(h);
    for (i = 0; !json_array_size(given) && otherwise[i] && n < MAX_HOSTS; i++)
        hosts[n++] = otherwise[i];
}

int certificate_make(const struct tls_source *from, const json_t *spec, SSL_CTX **ret, char **ret_ca_pem,
                     char **reterr)
{
    const char *hosts[MAX_HOSTS + 1] = {0};
    struct leaf_spec leaf = {.hosts = hosts};
    const char *kind = json_string_value(json_is_object(spec) ? json_object_get(spec, "kind") : spec);
    choose_hosts(spec, from->hosts, hosts);
    int r = apply_kind(from->part, kind ? kind : "good", &leaf, reterr);
    if (r < 0)
        return r;
    r = pki_server_ctx(from->pki, &leaf, ret);
    if (r < 0) {
        *reterr = xasprintf("cannot make a certificate: %s", strerror(-r));
        return r;
    }
    *ret_ca_pem = xstrdup(pki_root_pem_of(from->pki, &leaf));
    return 0;
}
