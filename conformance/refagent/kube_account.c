#include "conformance/refagent/kube_account.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conformance/refagent/tls_verify.h"
#include "lib/base/mem.h"

#define FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

static char *first_line(const char *path)
{
    FILE *f = fopen(path, "re");
    char line[8192];
    bool read = f && fgets(line, sizeof line, f);
    if (f)
        fclose(f);
    return read ? xstrndup(line, strcspn(line, "\r\n")) : NULL;
}

struct kube_account kube_account_read(void)
{
    struct kube_account a = {.token = first_line(FOLDER "/token")};
    _cleanup_(freep) char *error = NULL;
    a.roots = a.token ? tls_roots_load(FOLDER "/ca.crt", &error) : NULL; /* without the file its certificate is unknown */
    return a;
}

void kube_account_done(struct kube_account *a)
{
    free(a->token);
    X509_STORE_free(a->roots);
    *a = (struct kube_account){0};
}
