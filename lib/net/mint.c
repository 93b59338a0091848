/* One certificate. What Go's verifier asks for: a random positive serial, SAN, key usages that fit, and key identifiers
 * by which the chain is found. */
#include "lib/net/mint.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

EVP_PKEY *mint_key(int bits)
{
    if (bits == 384 || bits == 521)
        return EVP_EC_gen(bits == 384 ? "P-384" : "P-521");
    return bits ? EVP_RSA_gen((unsigned)bits) : EVP_EC_gen("P-256");
}

static void set_serial(X509 *x)
{
    unsigned char random[16] = {1};
    RAND_bytes(random, sizeof random);
    random[0] = (unsigned char)((random[0] & 0x7f) | 0x40); /* positive, and as long as it says */
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
}

static void set_name(X509_NAME *name, const char *cn)
{
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"fakekas", -1, -1, 0);
    /* A common name has 64 characters; a longer host stands in the SAN only. */
    int len = (int)strnlen(cn, 64);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, len, -1, 0);
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext && X509_add_ext(x, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static bool add_host(GENERAL_NAMES *names, const char *host)
{
    unsigned char ip[16];
    GENERAL_NAME *name = GENERAL_NAME_new();
    int ip_len = inet_pton(AF_INET, host, ip) == 1 ? 4 : inet_pton(AF_INET6, host, ip) == 1 ? 16 : 0;
    if (!name)
        return false;
    if (ip_len) {
        ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(octets, ip, ip_len);
        GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    } else {
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, host, -1);
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
    }
    return sk_GENERAL_NAME_push(names, name) > 0;
}

/* Not by X509V3_EXT_conf: there a comma in a name would begin a new entry. */
static bool add_san(X509 *x, const char *const *hosts, int more)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names;
    for (; ok && *hosts; hosts++)
        ok = add_host(names, *hosts);
    for (int i = 1; ok && i <= more; i++) {
        char host[48];
        snprintf(host, sizeof host, "h%d.fakekas.example", i);
        ok = add_host(names, host);
    }
    ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

static bool add_extensions(X509 *x, X509 *issuer, const struct mint *m)
{
    char constraints[48] = "critical,CA:FALSE";
    if (m->ca && m->path_len >= 0)
        snprintf(constraints, sizeof constraints, "critical,CA:TRUE,pathlen:%d", m->path_len);
    else if (m->ca)
        strcpy(constraints, "critical,CA:TRUE");
    const char *usage = m->ca ? "critical,digitalSignature,keyCertSign,cRLSign" : "critical,digitalSignature";
    if (!m->ca && EVP_PKEY_is_a(m->key, "RSA"))
        usage = "critical,digitalSignature,keyEncipherment";
    return add_ext(x, issuer, NID_basic_constraints, constraints) && add_ext(x, issuer, NID_key_usage, usage) &&
           (m->ca || add_ext(x, issuer, NID_ext_key_usage, m->client_only ? "clientAuth" : "serverAuth,clientAuth")) &&
           add_ext(x, issuer, NID_subject_key_identifier, "hash") &&
           add_ext(x, issuer, NID_authority_key_identifier, "keyid") && (!m->hosts || add_san(x, m->hosts, m->more_hosts));
}

X509 *mint_cert(const struct mint *m)
{
    X509 *x = X509_new();
    if (!x)
        return NULL;
    X509 *issuer = m->issuer ? m->issuer : x;
    X509_set_version(x, X509_VERSION_3);
    set_serial(x);
    X509_gmtime_adj(X509_getm_notBefore(x), (long)m->not_before_s);
    X509_gmtime_adj(X509_getm_notAfter(x), (long)m->not_after_s);
    if (!m->no_cn)
        set_name(X509_get_subject_name(x), m->cn);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    X509_set_pubkey(x, m->key);
    if (!add_extensions(x, issuer, m) ||
        !X509_sign(x, m->issuer_key ? m->issuer_key : m->key, m->sha1 ? EVP_sha1() : EVP_sha256())) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static void append_bio(BIO *bio, char **pem)
{
    char *text;
    long n = BIO_get_mem_data(bio, &text);
    char *all = xasprintf("%s%.*s", *pem ? *pem : "", (int)n, text);
    free(*pem);
    *pem = all;
    BIO_free(bio);
}

void mint_pem(X509 *cert, char **pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, cert);
    append_bio(bio, pem);
}

void mint_key_pem(EVP_PKEY *key, char **pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    append_bio(bio, pem);
}
