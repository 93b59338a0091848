#include "conformance/refagent/tls_verify.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "conformance/refagent/gotext.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* Roots */

static int add_pem(X509_STORE *store, FILE *f)
{
    int n = 0;
    for (X509 *x; (x = PEM_read_X509(f, NULL, NULL, NULL)); n++) {
        X509_STORE_add_cert(store, x);
        X509_free(x);
    }
    ERR_clear_error();
    return n;
}

static bool add_file(X509_STORE *store, const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    add_pem(store, f);
    fclose(f);
    return true;
}

static void add_dir(X509_STORE *store, const char *path)
{
    DIR *d = opendir(path);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        _cleanup_(freep) char *file = xasprintf("%s/%s", path, e->d_name);
        if (e->d_type != DT_DIR)
            add_file(store, file);
    }
    closedir(d);
}

static void add_system(X509_STORE *store)
{
    static const char *files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                  "/etc/pki/tls/certs/ca-bundle.crt",
                                  "/etc/ssl/ca-bundle.pem",
                                  "/etc/pki/tls/cacert.pem",
                                  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                  "/etc/ssl/cert.pem"};
    const char *file = getenv("SSL_CERT_FILE"), *dirs = getenv("SSL_CERT_DIR");
    if (file && *file)
        add_file(store, file);
    else
        for (size_t i = 0; i < ARRAY_SIZE(files) && !add_file(store, files[i]); i++)
            ;
    _cleanup_(freep) char *list = xstrdup(dirs && *dirs ? dirs : "/etc/ssl/certs:/etc/pki/tls/certs");
    char *save = NULL;
    for (char *d = strtok_r(list, ":", &save); d; d = strtok_r(NULL, ":", &save))
        add_dir(store, d);
}

X509_STORE *tls_roots_load(const char *ca_file, char **reterr)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_set_flags(store,
                         X509_V_FLAG_PARTIAL_CHAIN); /* to Go, whatever is among the roots is an anchor */
    add_system(store);
    if (!ca_file)
        return store;
    FILE *f = fopen(ca_file, "re");
    if (!f) {
        _cleanup_(freep) char *why = go_errno(errno);
        *reterr = xasprintf("CA certificate file: open %s: %s", ca_file, why);
    } else {
        if (!add_pem(store, f))
            *reterr = xasprintf("AppendCertsFromPEM(%s) failed", ca_file);
        fclose(f);
    }
    if (*reterr) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

/* Validity */

static time_t asn1_time(const ASN1_TIME *t)
{
    struct tm tm = {0};
    return ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

static char *check_time(const X509 *x)
{
    time_t now = time(NULL), from = asn1_time(X509_get0_notBefore(x)), to = asn1_time(X509_get0_notAfter(x));
    if (now >= from && now <= to)
        return NULL;
    _cleanup_(freep) char *at = go_rfc3339(now);
    _cleanup_(freep) char *limit = go_rfc3339(now < from ? from : to);
    return xasprintf("x509: certificate has expired or is not yet valid: current time %s is %s %s", at,
                     now < from ? "before" : "after", limit);
}

/* The host's name */

static char *common_name(const X509 *x)
{
    X509_NAME *name = X509_get_subject_name(x);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0)
        return xstrdup("");
    const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return xstrndup((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* "*.example.com" stands for one label. */
static bool name_matches(const char *pattern, const char *host)
{
    size_t n = strlen(host);
    _cleanup_(freep) char *h = xstrndup(host, n && host[n - 1] == '.' ? n - 1 : n);
    if (!*pattern)
        return false;
    if (strncmp(pattern, "*.", 2))
        return !strcasecmp(pattern, h);
    const char *rest = strchr(h, '.');
    return rest && rest != h && !strcasecmp(pattern + 1, rest);
}

struct names {
    struct buf dns, ips; /* as the message lists them */
    bool matched;
};

static void list(struct buf *b, const char *s)
{
    buf_addf(b, "%s%s", buf_len(b) ? ", " : "", s);
}

static void take_name(struct names *n, const GENERAL_NAME *g, const char *host, const uint8_t *ip,
                      int ip_len)
{
    if (g->type == GEN_DNS) {
        const char *s = (const char *)ASN1_STRING_get0_data(g->d.dNSName);
        list(&n->dns, s);
        n->matched |= !ip_len && name_matches(s, host);
    } else if (g->type == GEN_IPADD) {
        const ASN1_OCTET_STRING *o = g->d.iPAddress;
        int len = ASN1_STRING_length(o);
        if (len != 4 && len != 16)
            return;
        _cleanup_(freep) char *s = go_ip(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(o));
        list(&n->ips, s);
        n->matched |= len == ip_len && !memcmp(ip, ASN1_STRING_get0_data(o), (size_t)len);
    }
}

static char *check_host(const X509 *x, const char *host)
{
    uint8_t ip[16];
    int ip_len = inet_pton(AF_INET, host, ip) == 1 ? 4 : inet_pton(AF_INET6, host, ip) == 1 ? 16 : 0;
    struct names n = {0};
    GENERAL_NAMES *sans = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(sans); i++)
        take_name(&n, sk_GENERAL_NAME_value(sans, i), host, ip, ip_len);
    bool has_sans = sans;
    GENERAL_NAMES_free(sans);

    _cleanup_(freep) char *cn = common_name(x);
    struct buf *valid = ip_len ? &n.ips : &n.dns;
    char *error = NULL;
    if (n.matched)
        error = NULL;
    else if (!has_sans && name_matches(cn, host))
        error = xstrdup("x509: certificate relies on legacy Common Name field, use SANs instead");
    else if (ip_len && !buf_len(valid))
        error = xasprintf("x509: cannot validate certificate for %s because it doesn't contain any IP SANs",
                          host);
    else if (!buf_len(valid))
        error = xasprintf("x509: certificate is not valid for any names, but wanted to match %s", host);
    else
        error = xasprintf("x509: certificate is valid for %.*s, not %s", (int)buf_len(valid),
                          (const char *)buf_data(valid), host);
    buf_done(&n.dns);
    buf_done(&n.ips);
    return error;
}

/* Who signed it */

/* Why a certificate whose subject is our issuer did not sign ours; NULL if it did. */
static char *why_not_signed_by(X509 *child, X509 *parent)
{
    uint32_t flags = X509_get_extension_flags(parent);
    bool constrained = flags & EXFLAG_BCONS;
    bool may = X509_get_version(parent) != X509_VERSION_3 || (constrained && flags & EXFLAG_CA);
    if (!may || (flags & EXFLAG_KUSAGE && !(X509_get_key_usage(parent) & KU_KEY_CERT_SIGN)))
        return xstrdup("x509: invalid signature: parent certificate cannot sign this kind of certificate");
    EVP_PKEY *key = X509_get0_pubkey(parent);
    if (key && X509_verify(child, key) == 1)
        return NULL;
    ERR_clear_error();
    int type = key ? EVP_PKEY_base_id(key) : 0;
    return xstrdup(type == EVP_PKEY_EC        ? "x509: ECDSA verification failure"
                   : type == EVP_PKEY_ED25519 ? "x509: Ed25519 verification failure"
                                              : "crypto/rsa: verification error");
}

static void hint_from(X509 *leaf, X509 *candidate, char **hint)
{
    if (*hint || !candidate || X509_NAME_cmp(X509_get_subject_name(candidate), X509_get_issuer_name(leaf)))
        return;
    _cleanup_(freep) char *why = why_not_signed_by(leaf, candidate);
    if (!why)
        return;
    _cleanup_(freep) char *q = go_quote(why, strlen(why));
    char *cn = common_name(candidate);
    _cleanup_(freep) char *name = go_quote(cn, strlen(cn));
    free(cn);
    *hint = xasprintf(" (possibly because of %s while trying to verify candidate authority certificate %s)",
                      q, name);
}

static char *unknown_authority(X509_STORE *roots, X509 *leaf, STACK_OF(X509) * sent)
{
    _cleanup_(freep) char *hint = NULL;
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(roots);
    for (int i = 0; i < sk_X509_OBJECT_num(all); i++)
        hint_from(leaf, X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)), &hint);
    for (int i = 1; i < sk_X509_num(sent); i++)
        hint_from(leaf, sk_X509_value(sent, i), &hint);
    return xasprintf("x509: certificate signed by unknown authority%s", hint ? hint : "");
}

static char *check_chain(X509_STORE *roots, X509 *leaf, STACK_OF(X509) * sent)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_CTX_init(ctx, roots, leaf, sent);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 0);
    char *error = NULL;
    if (X509_verify_cert(ctx) != 1) {
        int why = X509_STORE_CTX_get_error(ctx);
        X509 *at = X509_STORE_CTX_get_current_cert(ctx);
        if (at && (why == X509_V_ERR_CERT_HAS_EXPIRED || why == X509_V_ERR_CERT_NOT_YET_VALID))
            error = check_time(at);
        else if (why == X509_V_ERR_INVALID_PURPOSE)
            error = xstrdup("x509: certificate specifies an incompatible key usage");
        if (!error)
            error = unknown_authority(roots, leaf, sent);
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return error;
}

char *tls_verify(X509_STORE *roots, X509 *leaf, STACK_OF(X509) * sent, const char *host)
{
    char *error = check_time(leaf);
    if (!error)
        error = check_host(leaf, host);
    if (!error)
        error = check_chain(roots, leaf, sent);
    return error;
}
