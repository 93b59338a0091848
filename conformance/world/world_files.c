/* What a Pod has on its disk, as the scenario wants it. */
#include "conformance/world/world_files.h"

#include <errno.h>
#include <string.h>

#include "conformance/process/rootfs.h"
#include "conformance/world/world_kas.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/cert.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

static int put(const struct world_files *f, const char *path, const char *text, size_t n)
{
    _cleanup_(freep) char *full = xasprintf("%s%s", f->prefix, path);

    return file_write(full, text, n, 0644);
}

static int put_text(const struct world_files *f, const char *path, const char *text)
{
    return put(f, path, text, strlen(text));
}

static int resolver_write(const struct world_files *f)
{
    struct buf b = BUF_NULL;
    const json_t *dns = json_object_get(f->row, "dns"), *one;
    size_t i;
    int e;

    buf_addf(&b, "nameserver %s\n", WORLD_DNS_IP);
    if (json_array_size(json_object_get(dns, "search"))) {
        buf_addf(&b, "search");
        json_array_foreach(json_object_get(dns, "search"), i, one)
            buf_addf(&b, " %s", json_string_value(one));
        buf_addf(&b, "\n");
    }
    buf_addf(&b, "options ndots:%d\n",
             json_object_get(dns, "ndots") ? (int)json_integer_value(json_object_get(dns, "ndots")) : 1);
    e = put(f, "/etc/resolv.conf", (const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return e;
}

static int hosts_write(const struct world_files *f)
{
    json_t *hosts = json_object_get(json_object_get(f->row, "network"), "hosts"), *names, *one;
    struct buf b = BUF_NULL;
    const char *address;
    size_t i;
    int e;

    buf_addf(&b, "127.0.0.1 localhost\n::1 localhost\n");
    json_object_foreach(hosts, address, names)
    {
        buf_addf(&b, "%s", address);
        json_array_foreach(names, i, one) buf_addf(&b, " %s", json_string_value(one));
        buf_addf(&b, "\n");
    }
    e = put(f, "/etc/hosts", (const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return e;
}

/* Does somebody trust by the system's roots: the agent, or a KAS under test? */
static bool system_trusts(const struct world_files *f, const char *agent)
{
    const char *kas = json_string_value(json_object_get(json_object_get(f->row, "kas"), "trust"));

    if (agent && strcmp(agent, "system") == 0)
        return true;
    return world_kas_under_test(f->row) && !(kas && strcmp(kas, "none") == 0);
}

/* trust: system, none, flag, {mount: PATH}, {flag_file: missing|not-pem|PATH} */
static int trust_write(const struct world_files *f)
{
    const json_t *trust = json_object_get(json_object_get(f->row, "agent"), "trust");
    const char *word = json_string_value(trust);
    const char *mounted = json_string_value(json_object_get(trust, "mount"));
    int e = put_text(f, WORLD_CA_FILE, f->ca_pem);

    if (!e)
        e = put_text(f, WORLD_NOT_PEM_FILE, "this is no certificate\n");
    if (!e && system_trusts(f, word))
        e = put_text(f, WORLD_SYSTEM_CA, f->ca_pem);
    if (!e && mounted)
        e = put_text(f, mounted, f->ca_pem);
    return e;
}

static int endpoint_write(const struct world_files *f)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", NULL};
    const json_t *args = json_object_get(json_object_get(f->row, "agent"), "args"), *arg;
    size_t i;

    json_array_foreach((json_t *)args, i, arg) {
        _cleanup_(freep) char *pem = NULL;
        if (!json_is_string(arg) || !strstr(json_string_value(arg), WORLD_ENDPOINT_FILE))
            continue;
        pem = pki_leaf_pem(f->pki, &(struct leaf_spec){.hosts = hosts}, true);
        return put_text(f, WORLD_ENDPOINT_FILE, pem);
    }
    return 0;
}

static int token_write(const struct world_files *f)
{
    const json_t *agent = json_object_get(f->row, "agent"), *own = json_object_get(agent, "token");
    const char *where = json_string_value(json_object_get(agent, "token_file"));

    if (where && (strcmp(where, "missing") == 0 || strcmp(where, "none") == 0))
        return 0;
    if (json_is_string(own))
        return put(f, WORLD_TOKEN_FILE, json_string_value(own), json_string_length(own));
    return put_text(f, WORLD_TOKEN_FILE, f->token);
}

static int service_account_write(const struct world_files *f)
{
    int e = put_text(f, SERVICE_ACCOUNT "/token", f->kube_token);

    if (!e)
        e = put_text(f, SERVICE_ACCOUNT "/ca.crt", f->kube_ca_pem);
    return e ? e : put_text(f, SERVICE_ACCOUNT "/namespace", "gitlab-agent");
}

int world_files_write(const struct world_files *f, char **reterr)
{
    int e = resolver_write(f);

    if (!e)
        e = endpoint_write(f);
    if (!e)
        e = hosts_write(f);
    if (!e)
        e = put_text(f, "/etc/nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n");
    if (!e)
        e = put_text(f, "/etc/passwd", "root:x:0:0:root:/tmp/home:/bin/sh\n");
    if (!e)
        e = put_text(f, "/etc/group", "root:x:0:\n");
    if (!e)
        e = trust_write(f);
    if (!e && !f->hosted)
        e = token_write(f);
    if (!e && !f->hosted)
        e = service_account_write(f);
    if (e)
        *reterr = xasprintf("files of the world: %s", strerror(-e));
    return e;
}
