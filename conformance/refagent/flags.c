#include "conformance/refagent/flags.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "conformance/refagent/gotext.h"
#include "lib/base/mem.h"

enum kind { STRING, SWITCH, BOOLEAN };

#define AT(member) offsetof(struct flags, member)
#define NOWHERE ((size_t)-1) /* accepted, of no consequence here */

static const struct flag {
    const char *name;
    char shorthand;
    enum kind kind;
    size_t at;
    const char *type, *usage;
} table[] = {
    {"as", 0, STRING, NOWHERE, "string", "Username to impersonate for the operation"},
    {"as-group", 0, STRING, NOWHERE, "stringArray",
     "Group to impersonate for the operation, this flag can be repeated to specify multiple groups."},
    {"ca-cert-file", 0, STRING, AT(ca_cert_file), "string",
     "Optional file with X.509 certificate authority certificate in PEM format"},
    {"cache-dir", 0, STRING, NOWHERE, "string", "Default cache directory"},
    {"certificate-authority", 0, STRING, NOWHERE, "string",
     "Path to a cert file for the certificate authority"},
    {"client-certificate", 0, STRING, NOWHERE, "string", "Path to a client certificate file for TLS"},
    {"client-key", 0, STRING, NOWHERE, "string", "Path to a client key file for TLS"},
    {"cluster", 0, STRING, NOWHERE, "string", "The name of the kubeconfig cluster to use"},
    {"context", 0, STRING, NOWHERE, "string", "The name of the kubeconfig context to use"},
    {"help", 'h', SWITCH, AT(help), "", "help for agentk"},
    {"insecure-skip-tls-verify", 0, BOOLEAN, NOWHERE, "",
     "If true, the server's certificate will not be checked for validity. This will make your HTTPS "
     "connections "
     "insecure"},
    {"kas-address", 0, STRING, AT(kas_address), "string", "GitLab Kubernetes Agent Server address"},
    {"kubeconfig", 0, STRING, AT(kubeconfig), "string",
     "Path to the kubeconfig file to use for CLI requests."},
    {"namespace", 'n', STRING, NOWHERE, "string", "If present, the namespace scope for this CLI request"},
    {"request-timeout", 0, STRING, NOWHERE, "string",
     "The length of time to wait before giving up on a single server request. Non-zero values should "
     "contain a "
     "corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests. (default "
     "\"0\")"},
    {"server", 's', STRING, AT(server), "string", "The address and port of the Kubernetes API server"},
    {"tls-server-name", 0, STRING, NOWHERE, "string",
     "Server name to use for server certificate validation. If it is not provided, the hostname used to "
     "contact the "
     "server is used"},
    {"token", 0, STRING, NOWHERE, "string", "Bearer token for authentication to the API server"},
    {"token-file", 0, STRING, AT(token_file), "string", "File with access token"},
    {"user", 0, STRING, NOWHERE, "string", "The name of the kubeconfig user to use"},
    {"version", 'v', SWITCH, AT(version), "", "version for agentk"},
    /* Not agentk's: */
    {"list-mutants", 0, SWITCH, AT(list_mutants), "",
     "reference agent only: list the ways it can misbehave, and exit"},
    {"mutant", 0, STRING, AT(mutant), "string", "reference agent only: misbehave in this way"},
};

static const struct flag *by_name(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strlen(table[i].name) == n && !strncmp(table[i].name, name, n))
            return &table[i];
    return NULL;
}

static const struct flag *by_shorthand(char c)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].shorthand == c)
            return &table[i];
    return NULL;
}

/* strconv.ParseBool: 1 true, 0 false, -1 neither */
static int parse_bool(const char *s)
{
    static const char *yes[] = {"1", "t", "T", "true", "TRUE", "True"},
                      *no[] = {"0", "f", "F", "false", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (!strcmp(s, yes[i]))
            return 1;
        if (!strcmp(s, no[i]))
            return 0;
    }
    return -1;
}

static char *set(const struct flag *f, const char *value, struct flags *to)
{
    if (f->kind == STRING) {
        if (f->at != NOWHERE)
            *(const char **)((char *)to + f->at) = value;
        return NULL;
    }
    int yes = parse_bool(value);
    if (yes < 0) {
        _cleanup_(freep) char *q = go_quote(value, strlen(value));
        return f->shorthand ? xasprintf("invalid argument %s for \"-%c, --%s\" flag: strconv.ParseBool: "
                                        "parsing %s: invalid syntax",
                                        q, f->shorthand, f->name, q)
                            : xasprintf("invalid argument %s for \"--%s\" flag: strconv.ParseBool: parsing "
                                        "%s: invalid syntax",
                                        q, f->name, q);
    }
    if (f->at != NOWHERE)
        *(bool *)((char *)to + f->at) = yes;
    return NULL;
}

/* "--name=value", "--name value" */
static char *parse_long(char **argv, int argc, int *i, struct flags *to)
{
    const char *arg = argv[*i], *name = arg + 2;
    if (*name == '-' || *name == '=')
        return xasprintf("bad flag syntax: %s", arg);
    size_t n = strcspn(name, "=");
    const struct flag *f = by_name(name, n);
    if (!f)
        return xasprintf("unknown flag: --%.*s", (int)n, name);
    if (name[n])
        return set(f, name + n + 1, to);
    if (f->kind != STRING)
        return set(f, "true", to);
    if (*i + 1 >= argc)
        return xasprintf("flag needs an argument: %s", arg);
    return set(f, argv[++*i], to);
}

/* "-hv", "-nNAME", "-n NAME", "-n=NAME" */
static char *parse_short(char **argv, int argc, int *i, struct flags *to)
{
    const char *all = argv[*i] + 1;
    for (const char *c = all; *c; c++) {
        const struct flag *f = by_shorthand(*c);
        if (!f)
            return xasprintf("unknown shorthand flag: '%c' in -%s", *c, c);
        if (c[1] == '=')
            return set(f, c + 2, to);
        if (f->kind != STRING) {
            char *err = set(f, "true", to);
            if (err)
                return err;
            continue;
        }
        if (c[1])
            return set(f, c + 1, to);
        if (*i + 1 >= argc)
            return xasprintf("flag needs an argument: '%c' in -%s", *c, all);
        return set(f, argv[++*i], to);
    }
    return NULL;
}

char *flags_parse(int argc, char **argv, struct flags *ret)
{
    const char *stray = NULL;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        char *err = NULL;
        if (!strcmp(arg, "--")) {
            stray = stray || i + 1 == argc ? stray : argv[i + 1];
            break;
        }
        if (!strncmp(arg, "--", 2))
            err = parse_long(argv, argc, &i, ret);
        else if (*arg == '-' && arg[1])
            err = parse_short(argv, argc, &i, ret);
        else
            stray = stray ? stray : arg;
        if (err)
            return err;
    }
    if (stray && !ret->help && !ret->version) {
        _cleanup_(freep) char *q = go_quote(stray, strlen(stray));
        return xasprintf("unknown command %s for \"agentk\"", q);
    }
    return NULL;
}

char *flags_check(const struct flags *f)
{
    if (f->kas_address && f->token_file)
        return NULL;
    return xasprintf("required flag(s) %s%s%s not set", f->kas_address ? "" : "\"kas-address\"",
                     f->kas_address || f->token_file ? "" : ", ", f->token_file ? "" : "\"token-file\"");
}

void flags_help(void)
{
    const char *home = getenv("HOME");
    printf("GitLab Kubernetes Agent\n\nUsage:\n  agentk [flags]\n\nFlags:\n");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const struct flag *f = &table[i];
        char left[64];
        snprintf(left, sizeof left, "%s%s", f->name, "");
        if (*f->type)
            snprintf(left, sizeof left, "%s %s", f->name, f->type);
        char dash[8] = "    ";
        if (f->shorthand)
            snprintf(dash, sizeof dash, "-%c, ", f->shorthand);
        printf("  %s--%-30s %s", dash, left, f->usage);
        if (!strcmp(f->name, "cache-dir"))
            printf(" (default \"%s/.kube/cache\")", home ? home : "");
        putchar('\n');
    }
}
