/* A small public key infrastructure, minted as it is asked for: a root, an intermediate beneath it, leaves beneath
 * that; and another root that nobody is told about. A leaf is minted once for each specification, so that what is
 * served is what was written into a file. */
#include "lib/net/cert.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/mint.h"

#define HOUR 3600
#define DAY (24 * HOUR)

enum intermediate { INTER_GOOD, INTER_SHA1, INTER_EXPIRED, INTERMEDIATES };

struct ca {
    const char *root_cn, *intermediate_cn;
    EVP_PKEY *root_key, *key; /* key: the intermediate's, whatever is wrong with its certificate */
    X509 *root, *intermediate[INTERMEDIATES];
    char *root_pem;
};

struct leaf {
    char *spec; /* what it was minted for, as text */
    EVP_PKEY *key;
    X509 *cert;
    char *pem;  /* the certificate alone */
    SLIST_ENTRY(leaf) link;
};

struct stocked {
    int bits;
    EVP_PKEY *key; /* NULL: a leaf has it */
};

struct pki {
    struct stocked stock[4];
    struct ca *trusted, *unknown; /* apart, because they are minted behind a const pki */
    SLIST_HEAD(, leaf) leaves;
};

static _Noreturn void no_crypto(const char *what)
{
    fprintf(stderr, "fakekas: %s cannot be made: %s\n", what, ERR_reason_error_string(ERR_peek_error()));
    abort();
}

/* CAs */

static void ca_mint_root(struct ca *ca)
{
    if (ca->root)
        return;
    ca->root_key = mint_key(0);
    if (ca->root_key)
        ca->root = mint_cert(&(struct mint){.cn = ca->root_cn, .not_before_s = -DAY, .not_after_s = INT64_C(3650) * DAY,
                                            .ca = true, .path_len = -1, .key = ca->root_key});
    if (!ca->root)
        no_crypto("a root certificate");
    mint_pem(ca->root, &ca->root_pem);
}

static X509 *ca_mint_intermediate(struct ca *ca, enum intermediate kind)
{
    ca_mint_root(ca);
    if (ca->intermediate[kind])
        return ca->intermediate[kind];
    if (!ca->key)
        ca->key = mint_key(0);
    struct mint m = {.cn = ca->intermediate_cn, .not_before_s = kind == INTER_EXPIRED ? -INT64_C(1825) * DAY : -DAY,
                     .not_after_s = kind == INTER_EXPIRED ? -DAY : INT64_C(1825) * DAY, .ca = true, .path_len = 0,
                     .sha1 = kind == INTER_SHA1, .key = ca->key, .issuer = ca->root, .issuer_key = ca->root_key};
    if (ca->key)
        ca->intermediate[kind] = mint_cert(&m);
    if (!ca->intermediate[kind])
        no_crypto("an intermediate certificate");
    return ca->intermediate[kind];
}

static struct ca *ca_new(const char *root_cn, const char *intermediate_cn)
{
    struct ca *ca = NEW(struct ca);
    ca->root_cn = root_cn;
    ca->intermediate_cn = intermediate_cn;
    return ca;
}

static void ca_free(struct ca *ca)
{
    X509_free(ca->root);
    for (int i = 0; i < INTERMEDIATES; i++)
        X509_free(ca->intermediate[i]);
    EVP_PKEY_free(ca->root_key);
    EVP_PKEY_free(ca->key);
    free(ca->root_pem);
    free(ca);
}

static struct ca *ca_of(struct pki *p, const struct leaf_spec *s)
{
    return s->unknown_ca ? p->unknown : p->trusted;
}

static X509 *intermediate_of(struct pki *p, const struct leaf_spec *s)
{
    return ca_mint_intermediate(ca_of(p, s), s->sha1_intermediate      ? INTER_SHA1
                                             : s->expired_intermediate ? INTER_EXPIRED
                                                                       : INTER_GOOD);
}

/* Leaves */

static char *spec_text(const struct leaf_spec *s)
{
    struct buf b = BUF_NULL;
    buf_addf(&b, "%lld %lld %d%d%d%d%d%d %d %d", (long long)s->not_before_s, (long long)s->not_after_s, s->self_signed,
             s->unknown_ca, s->no_san, s->sha1, s->no_cn, s->client_only, s->rsa_bits, s->more_hosts);
    for (const char *const *host = s->hosts; host && *host; host++)
        buf_addf(&b, " %s", *host);
    char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static X509 *leaf_mint_cert(struct pki *p, const struct leaf_spec *s, EVP_PKEY *key)
{
    bool no_times = s->not_before_s == 0 && s->not_after_s == 0;
    struct mint m = {
        .cn = s->hosts && s->hosts[0] ? s->hosts[0] : "localhost",
        .hosts = s->no_san || !s->hosts || !s->hosts[0] ? NULL : s->hosts,
        .not_before_s = no_times ? -HOUR : s->not_before_s,
        .not_after_s = no_times ? 90 * DAY : s->not_after_s,
        .sha1 = s->sha1,
        .no_cn = s->no_cn,
        .client_only = s->client_only,
        .more_hosts = s->more_hosts,
        .key = key,
    };
    if (!s->self_signed) {
        m.issuer = intermediate_of(p, s);
        m.issuer_key = ca_of(p, s)->key;
    }
    return mint_cert(&m);
}

static struct stocked *stocked_of(struct pki *p, int bits)
{
    for (size_t i = 0; i < ARRAY_SIZE(p->stock); i++)
        if (p->stock[i].bits == bits)
            return &p->stock[i];
    return NULL;
}

/* One in stock is for one leaf: no two share a key. */
static EVP_PKEY *leaf_key(struct pki *p, int bits)
{
    struct stocked *s = bits ? stocked_of(p, bits) : NULL;
    if (!s || !s->key)
        return mint_key(bits);
    EVP_PKEY *key = s->key;
    s->key = NULL;
    return key;
}

static struct leaf *leaf_of(struct pki *p, const struct leaf_spec *s)
{
    _cleanup_(freep) char *spec = spec_text(s);
    struct leaf *leaf;
    SLIST_FOREACH(leaf, &p->leaves, link)
        if (strcmp(leaf->spec, spec) == 0)
            return leaf;
    ERR_clear_error();
    EVP_PKEY *key = leaf_key(p, s->rsa_bits);
    X509 *cert = key ? leaf_mint_cert(p, s, key) : NULL;
    if (!cert) {
        EVP_PKEY_free(key);
        return NULL;
    }
    leaf = NEW(struct leaf);
    leaf->spec = spec;
    spec = NULL;
    leaf->key = key;
    leaf->cert = cert;
    mint_pem(cert, &leaf->pem);
    SLIST_INSERT_HEAD(&p->leaves, leaf, link);
    return leaf;
}

static bool sends_intermediate(const struct leaf_spec *s)
{
    return !s->self_signed && !s->omit_intermediate;
}

/* The door */

struct pki *pki_new(void)
{
    /* Without the machine's openssl.cnf: what is served depends on the scenario only, and reading it takes time. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    struct pki *p = NEW(struct pki);
    p->trusted = ca_new("fakekas root", "fakekas intermediate");
    p->unknown = ca_new("unknown root", "unknown intermediate");
    SLIST_INIT(&p->leaves);
    return p;
}

struct pki *pki_free(struct pki *p)
{
    struct leaf *leaf;
    if (!p)
        return NULL;
    while ((leaf = SLIST_FIRST(&p->leaves))) {
        SLIST_REMOVE_HEAD(&p->leaves, link);
        X509_free(leaf->cert);
        EVP_PKEY_free(leaf->key);
        free(leaf->spec);
        free(leaf->pem);
        free(leaf);
    }
    for (size_t i = 0; i < ARRAY_SIZE(p->stock); i++)
        EVP_PKEY_free(p->stock[i].key);
    ca_free(p->trusted);
    ca_free(p->unknown);
    free(p);
    return NULL;
}

void pki_stock_key(struct pki *p, int rsa_bits)
{
    struct stocked *free_place = stocked_of(p, 0);
    if (!free_place || stocked_of(p, rsa_bits))
        return;
    ERR_clear_error();
    *free_place = (struct stocked){rsa_bits, mint_key(rsa_bits)};
}

const char *pki_root_pem(const struct pki *p)
{
    ca_mint_root(p->trusted);
    return p->trusted->root_pem;
}

const char *pki_root_pem_of(struct pki *p, const struct leaf_spec *s)
{
    if (s->self_signed) {
        const struct leaf *leaf = leaf_of(p, s);
        return leaf ? leaf->pem : NULL;
    }
    ca_mint_root(ca_of(p, s));
    return ca_of(p, s)->root_pem;
}

char *pki_leaf_pem(struct pki *p, const struct leaf_spec *s, bool key)
{
    char *pem = NULL;
    const struct leaf *leaf = leaf_of(p, s);
    if (!leaf)
        return NULL;
    mint_pem(leaf->cert, &pem);
    if (sends_intermediate(s))
        mint_pem(intermediate_of(p, s), &pem);
    if (key)
        mint_key_pem(leaf->key, &pem);
    return pem;
}

static void set_options(SSL_CTX *ctx, const struct leaf_spec *s)
{
    /* No resumption: each connection tells the whole story, and shows its certificate. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 0);
    if (s->sha1 || s->sha1_intermediate || s->expired_intermediate || s->reversed ||
        (s->rsa_bits && s->rsa_bits < 2048 && s->rsa_bits != 384 && s->rsa_bits != 521))
        SSL_CTX_set_security_level(ctx, 0); /* else OpenSSL refuses to serve what the scenario is about */
}

/* What follows the leaf. In the wrong order the root stands between them, where a verifier does not look for it. */
static bool add_chain(SSL_CTX *ctx, struct pki *p, const struct leaf_spec *s)
{
    if (!sends_intermediate(s))
        return true;
    if (s->reversed && SSL_CTX_add1_chain_cert(ctx, ca_of(p, s)->root) != 1)
        return false;
    return SSL_CTX_add1_chain_cert(ctx, intermediate_of(p, s)) == 1;
}

int pki_server_ctx(struct pki *p, const struct leaf_spec *s, SSL_CTX **ret)
{
    const struct leaf *leaf = leaf_of(p, s);
    SSL_CTX *ctx = leaf ? SSL_CTX_new(TLS_server_method()) : NULL;
    if (!ctx)
        return -EINVAL;
    set_options(ctx, s);
    if (SSL_CTX_use_certificate(ctx, leaf->cert) != 1 || SSL_CTX_use_PrivateKey(ctx, leaf->key) != 1 ||
        !add_chain(ctx, p, s)) {
        SSL_CTX_free(ctx);
        return -EINVAL;
    }
    if (!sends_intermediate(s))
        SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    *ret = ctx;
    return 0;
}
