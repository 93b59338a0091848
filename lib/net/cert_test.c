/* Each defect of a certificate makes a verifier say exactly that, and without defects it says nothing. */
#include "lib/net/tls_test.h"

#include <sys/wait.h>
#include <unistd.h>

static const char *const hosts[] = {"gitlab.host.tld", "*.apps.host.tld", "10.60.1.1", "::1", NULL};
#define DAY 86400

static long verdict(const struct leaf_spec *spec, const char *host)
{
    struct pair p;
    pair_init(&p, spec, host, NULL);
    SSL_set_security_level(p.client, spec->sha1 ? 2 : 0);
    X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(p.client), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    int r = shake(&p, 16384);
    long v = SSL_get_verify_result(p.client);
    assert_int_equal(r == 1, v == X509_V_OK);
    pair_done(&p);
    return v;
}

static void verdicts(void **state)
{
    static const char *const other[] = {"other.example", NULL};
    const struct {
        struct leaf_spec spec;
        const char *host;
        long verdict;
    } cases[] = {
        {{.hosts = hosts}, "gitlab.host.tld", X509_V_OK},
        {{.hosts = hosts}, "x.apps.host.tld", X509_V_OK},
        {{.hosts = hosts, .rsa_bits = 2048}, "gitlab.host.tld", X509_V_OK},
        {{.hosts = other}, "gitlab.host.tld", X509_V_ERR_HOSTNAME_MISMATCH},
        {{.hosts = hosts, .no_san = true}, "gitlab.host.tld", X509_V_ERR_HOSTNAME_MISMATCH},
        {{.hosts = hosts, .not_before_s = -30 * DAY, .not_after_s = -DAY}, "gitlab.host.tld",
         X509_V_ERR_CERT_HAS_EXPIRED},
        {{.hosts = hosts, .not_before_s = DAY, .not_after_s = 30 * DAY}, "gitlab.host.tld",
         X509_V_ERR_CERT_NOT_YET_VALID},
        {{.hosts = hosts, .self_signed = true}, "gitlab.host.tld", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {{.hosts = hosts, .unknown_ca = true}, "gitlab.host.tld", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {{.hosts = hosts, .omit_intermediate = true}, "gitlab.host.tld",
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {{.hosts = hosts, .sha1 = true}, "gitlab.host.tld", X509_V_ERR_CA_MD_TOO_WEAK},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("case %zu\n", i);
        assert_int_equal(verdict(&cases[i].spec, cases[i].host), cases[i].verdict);
    }
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(x);
    return x;
}

static void what_is_told_to_trust_is_what_is_served(void **state)
{
    const struct leaf_spec own = {.hosts = hosts, .self_signed = true}, unknown = {.hosts = hosts, .unknown_ca = true};
    (void)state;
    struct pki *p = pki_new();
    _cleanup_(freep) char *leaf = pki_leaf_pem(p, &own, false);
    assert_string_equal(pki_root_pem_of(p, &own), leaf);
    assert_string_equal(pki_root_pem_of(p, &(struct leaf_spec){.hosts = hosts}), pki_root_pem(p));
    assert_string_not_equal(pki_root_pem_of(p, &unknown), pki_root_pem(p));
    SSL_CTX *ctx;
    assert_int_equal(pki_server_ctx(p, &own, &ctx), 0);
    X509 *x = read_cert(leaf);
    assert_int_equal(X509_cmp(x, SSL_CTX_get0_certificate(ctx)), 0);
    X509_free(x);
    SSL_CTX_free(ctx);
    pki_free(p);
}

static void a_leaf_for_files_has_chain_and_key(void **state)
{
    (void)state;
    struct pki *p = pki_new();
    _cleanup_(freep) char *pem = pki_leaf_pem(p, &(struct leaf_spec){.hosts = hosts}, true);
    int certificates = 0;
    for (const char *at = pem; (at = strstr(at, "BEGIN CERTIFICATE")); at++)
        certificates++;
    assert_int_equal(certificates, 2);
    assert_non_null(strstr(pem, "PRIVATE KEY"));
    _cleanup_(freep) char *bare = pki_leaf_pem(p, &(struct leaf_spec){.hosts = hosts}, false);
    assert_null(strstr(bare, "PRIVATE KEY"));
    X509 *x = read_cert(pem);
    assert_int_equal(X509_check_ip_asc(x, "10.60.1.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x, "10.60.1.2", 0), 0);
    X509_free(x);
    pki_free(p);
}

static void two_worlds_share_nothing(void **state)
{
    (void)state;
    struct pki *a = pki_new(), *b = pki_new();
    X509 *x = read_cert(pki_root_pem(a)), *y = read_cert(pki_root_pem(b));
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(x), X509_get0_serialNumber(y)), 0);
    X509_free(x);
    X509_free(y);
    pki_free(a);
    pki_free(b);
    assert_null(pki_free(NULL));
}

/* Whose key it is: the bytes of its public part. */
static EVP_PKEY *key_of(struct pki *p, const char *host)
{
    _cleanup_(freep) char *pem = pki_leaf_pem(p, &(struct leaf_spec){.hosts = (const char *[]){host, NULL}, .rsa_bits = 2048}, false);
    X509 *x = read_cert(pem);
    EVP_PKEY *key = X509_get_pubkey(x);
    X509_free(x);
    return key;
}

static void a_key_in_stock_is_for_one_leaf(void **state)
{
    (void)state;
    struct pki *p = pki_new();
    pki_stock_key(p, 2048);
    pki_stock_key(p, 2048); /* there is one */
    EVP_PKEY *a = key_of(p, "a"), *again = key_of(p, "a"), *b = key_of(p, "b");
    assert_int_equal(EVP_PKEY_get_bits(a), 2048);
    assert_int_equal(EVP_PKEY_eq(a, again), 1);
    assert_int_not_equal(EVP_PKEY_eq(a, b), 1);
    EVP_PKEY_free(a);
    EVP_PKEY_free(again);
    EVP_PKEY_free(b);
    pki_stock_key(p, 1024); /* that nobody takes */
    pki_free(p);
}

/* Who forks: each child has the key that was minted once. */
static void a_key_in_stock_goes_to_each_child(void **state)
{
    unsigned char pub[2][2048] = {{0}};
    (void)state;
    struct pki *p = pki_new();
    pki_stock_key(p, 2048);
    for (int i = 0; i < 2; i++) {
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        pid_t pid = fork();
        if (pid == 0) {
            unsigned char *der = NULL;
            int n = i2d_PUBKEY(key_of(p, "a"), &der);
            _exit(write(fd[1], der, (size_t)n) == n ? 0 : 1);
        }
        close(fd[1]);
        assert_true(read(fd[0], pub[i], sizeof pub[i]) > 200);
        close(fd[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    assert_memory_equal(pub[0], pub[1], sizeof pub[0]);
    pki_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(what_is_told_to_trust_is_what_is_served),
        cmocka_unit_test(a_leaf_for_files_has_chain_and_key),
        cmocka_unit_test(two_worlds_share_nothing),
        cmocka_unit_test(a_key_in_stock_is_for_one_leaf),
        cmocka_unit_test(a_key_in_stock_goes_to_each_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
