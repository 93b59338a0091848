/* Certificates minted at run time: a root, an intermediate, leaves, with the defects that badssl names. Keys live in
 * memory only. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct pki;

struct leaf_spec {
    const char *const *hosts;  /* DNS names and IP addresses for the SAN, NULL-terminated; first is the CN */
    int64_t not_before_s, not_after_s; /* seconds from now; both 0: -1 h … +90 days */
    bool self_signed;          /* signed by its own key */
    bool unknown_ca;           /* signed by a root that is in no file */
    bool no_san;               /* CN only */
    bool omit_intermediate;    /* chain holds the leaf only */
    bool sha1;
    int rsa_bits;              /* 0: P-256; 384 and 521: that curve */
    bool reversed;             /* chain in the wrong order: leaf, root, intermediate */
    bool sha1_intermediate, expired_intermediate;
    bool no_cn;                /* an empty subject */
    bool client_only;          /* not for servers, says its extended key usage */
    int more_hosts;            /* names in the SAN beside hosts, until it is huge */
};

struct pki *pki_new(void);
struct pki *pki_free(struct pki *p);
/* Mints an RSA key now, for the first leaf of so many bits: who forks does once what each of its children would do again.
 * Nothing if there is one, or if OpenSSL refuses, of which the leaf then tells. */
void pki_stock_key(struct pki *p, int rsa_bits);
/* PEM of the root that agents are told to trust; borrowed, lives as long as the pki. */
const char *pki_root_pem(const struct pki *p);
const char *pki_root_pem_of(struct pki *p, const struct leaf_spec *s); /* what would have to be trusted for s:
                                                    the root; for self_signed the leaf's own; for unknown_ca that CA */
/* A server context with the leaf and its chain. TLS 1.2 up; ALPN is set by tls_layer_new(). The caller's. */
int pki_server_ctx(struct pki *p, const struct leaf_spec *s, SSL_CTX **ret);
/* The leaf (and with `key` its key) as PEM, for processes that read files: a new string. */
char *pki_leaf_pem(struct pki *p, const struct leaf_spec *s, bool key);
