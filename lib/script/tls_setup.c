/* What a scenario wants of TLS besides the certificate: versions, ciphers, ALPN, client certificates, names. */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/tls_setup.h"

static const struct {
    const char *name;
    int version;
} versions[] = {{"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};

static int version_read(const json_t *options, const char *key, int *ret, char **reterr)
{
    const json_t *v = json_object_get(options, key);
    *ret = 0;
    if (!v || json_is_null(v))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        if (json_is_string(v) && !strcmp(json_string_value(v), versions[i].name)) {
            *ret = versions[i].version;
            return 0;
        }
    *reterr = xasprintf("tls_options.%s: expected \"1.0\", \"1.1\", \"1.2\" or \"1.3\"", key);
    return -EINVAL;
}

/* Not in whose name it speaks: whatever certificate comes is good. */
static int believe(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

static int versions_set(SSL_CTX *ctx, const json_t *options, char **reterr)
{
    int least, most;
    int r = version_read(options, "min", &least, reterr);
    if (r == 0)
        r = version_read(options, "max", &most, reterr);
    if (r < 0)
        return r;
    if (most && !least && most < TLS1_2_VERSION)
        least = TLS1_VERSION;
    if ((least && least < TLS1_2_VERSION) || (most && most < TLS1_2_VERSION))
        SSL_CTX_set_security_level(ctx, 0); /* OpenSSL does not speak those otherwise */
    if (least)
        SSL_CTX_set_min_proto_version(ctx, least);
    if (most)
        SSL_CTX_set_max_proto_version(ctx, most);
    return 0;
}

static int ciphers_set(SSL_CTX *ctx, const json_t *options, char **reterr)
{
    const char *old = json_string_value(json_object_get(options, "ciphers"));
    const char *suites = json_string_value(json_object_get(options, "suites"));
    if (old) {
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_dh_auto(ctx, 1);
    }
    if ((old && SSL_CTX_set_cipher_list(ctx, old) != 1) || (suites && SSL_CTX_set_ciphersuites(ctx, suites) != 1)) {
        *reterr = xasprintf("tls_options: OpenSSL knows no cipher among \"%s\"", old ? old : suites);
        return -EINVAL;
    }
    return 0;
}

static int groups_set(SSL_CTX *ctx, const json_t *options, char **reterr)
{
    const char *groups = json_string_value(json_object_get(options, "groups"));
    if (groups && SSL_CTX_set1_groups_list(ctx, groups) != 1) {
        *reterr = xasprintf("tls_options.groups: OpenSSL knows not all of \"%s\"", groups);
        return -EINVAL;
    }
    return 0;
}

int tls_options_apply(SSL_CTX *ctx, const json_t *options, char **reterr)
{
    const char *client = json_string_value(json_object_get(options, "client_certificate"));
    int r = versions_set(ctx, options, reterr);
    if (r == 0)
        r = ciphers_set(ctx, options, reterr);
    if (r == 0)
        r = groups_set(ctx, options, reterr);
    if (r == 0 && client && strcmp(client, "none"))
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (strcmp(client, "demanded") ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
                           believe);
    return r;
}

/* ---- names ---- */

static int sni_add(struct tls_setup *s, const struct tls_source *from, const char *host, const json_t *certificate,
                   size_t i, char **reterr)
{
    _cleanup_(freep) char *unused = NULL;
    json_t *spec = json_is_string(certificate) ? json_pack("{s:O, s:[s]}", "kind", certificate, "hosts", host)
                                               : json_deep_copy(certificate);
    if (!json_object_get(spec, "hosts"))
        json_object_set_new(spec, "hosts", json_pack("[s]", host));
    int r = certificate_make(from, spec, &s->sni[i].ctx, &unused, reterr);
    json_decref(spec);
    if (r == 0)
        r = tls_options_apply(s->sni[i].ctx, s->options, reterr);
    if (s->sni[i].ctx)
        s->sni[i].host = host;
    return r;
}

static int names_make(struct tls_setup *s, const struct tls_source *from, char **reterr)
{
    const char *host;
    json_t *by_name = json_object_get(s->options, "by_name"), *certificate;
    size_t i = 0;
    s->sni = xcalloc(json_object_size(by_name) + 1, sizeof *s->sni);
    json_object_foreach (by_name, host, certificate) {
        int r = sni_add(s, from, host, certificate, i++, reterr);
        if (r < 0)
            return r;
    }
    return 0;
}

int tls_setup_make(struct tls_setup *s, const struct tls_source *from, char **reterr)
{
    size_t i;
    s->options = json_object_get(from->spec, "tls_options");
    const json_t *alpn = json_object_get(s->options, "alpn"), *one;
    int r = certificate_make(from, json_object_get(from->spec, "certificate"), &s->ctx, &s->ca_pem, reterr);
    if (r == 0)
        r = tls_options_apply(s->ctx, s->options, reterr);
    if (r == 0)
        r = names_make(s, from, reterr);
    if (json_is_array(alpn)) {
        s->alpn = xcalloc(json_array_size(alpn) + 1, sizeof *s->alpn);
        json_array_foreach (alpn, i, one)
            s->alpn[i] = json_string_value(one);
    }
    return r;
}

int tls_setup_renew(struct tls_setup *s, const struct tls_source *from, const json_t *certificate, char **reterr)
{
    SSL_CTX *ctx = NULL;
    _cleanup_(freep) char *ca_pem = NULL; /* what is trusted was told at the start */
    json_t *spec = json_is_string(certificate) ? json_pack("{s:O}", "kind", certificate) : json_deep_copy(certificate);
    json_t *hosts = json_object_get(json_object_get(from->spec, "certificate"), "hosts");
    if (hosts && !json_object_get(spec, "hosts"))
        json_object_set(spec, "hosts", hosts);
    int r = certificate_make(from, spec, &ctx, &ca_pem, reterr);
    json_decref(spec);
    if (r == 0)
        r = tls_options_apply(ctx, s->options, reterr);
    if (r < 0) {
        SSL_CTX_free(ctx);
        return r;
    }
    SSL_CTX_free(s->ctx);
    s->ctx = ctx;
    return 0;
}

void tls_setup_done(struct tls_setup *s)
{
    for (struct tls_sni *n = s->sni; n && n->host; n++)
        SSL_CTX_free(n->ctx);
    free(s->sni);
    free(s->alpn);
    SSL_CTX_free(s->ctx);
    free(s->ca_pem);
    *s = (struct tls_setup){0};
}

void tls_setup_fill(const struct tls_setup *s, struct tls_options *o)
{
    if (s->alpn)
        o->alpn = s->alpn[0] ? s->alpn : NULL;
    o->alpn_force = json_string_value(json_object_get(s->options, "alpn_force"));
    o->sni = s->sni && s->sni[0].host ? s->sni : NULL;
}
