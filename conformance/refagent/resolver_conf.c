#include "conformance/refagent/resolver_conf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"

#define SPACE " \t\r\n"

bool address_parse(const char *text, struct sockaddr_storage *ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    *ret = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(ret, &in, sizeof in);
        return true;
    }
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) {
        memcpy(ret, &in6, sizeof in6);
        return true;
    }
    return false;
}

static char *rooted(const char *name)
{
    size_t n = strlen(name);
    return xasprintf("%s%s", name, n && name[n - 1] == '.' ? "" : ".");
}

static void add_server(struct resolv_conf *c, const char *text)
{
    struct sockaddr_storage a;
    if (c->n_servers == RESOLV_SERVERS || !address_parse(text, &a))
        return;
    if (a.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a)->sin6_port = htons(53);
    else
        ((struct sockaddr_in *)&a)->sin_port = htons(53);
    c->servers[c->n_servers++] = a;
}

static void set_search(struct resolv_conf *c, char *list)
{
    for (size_t i = 0; i < c->n_search; i++)
        free(c->search[i]);
    c->n_search = 0;
    char *save = NULL;
    for (char *d = strtok_r(list, SPACE, &save); d && c->n_search < RESOLV_SEARCH;
         d = strtok_r(NULL, SPACE, &save))
        c->search[c->n_search++] = rooted(d);
}

static void set_options(struct resolv_conf *c, char *list)
{
    char *save = NULL;
    for (char *o = strtok_r(list, SPACE, &save); o; o = strtok_r(NULL, SPACE, &save)) {
        unsigned v;
        if (sscanf(o, "ndots:%u", &v) == 1)
            c->ndots = v > 15 ? 15 : v;
        else if (sscanf(o, "timeout:%u", &v) == 1)
            c->timeout_ms = (v ? v > 30 ? 30 : v : 1) * 1000;
        else if (sscanf(o, "attempts:%u", &v) == 1)
            c->attempts = v ? v > 5 ? 5 : v : 1;
    }
}

void resolv_conf_read(const char *path, struct resolv_conf *ret)
{
    *ret = (struct resolv_conf){.ndots = 1, .timeout_ms = 5000, .attempts = 2};
    FILE *f = fopen(path, "re");
    char line[1024];
    while (f && fgets(line, sizeof line, f)) {
        char *rest = line + strcspn(line, SPACE);
        if (*line == '#' || *line == ';' || !*rest)
            continue;
        *rest++ = 0;
        if (!strcmp(line, "nameserver")) {
            char *save = NULL, *server = strtok_r(rest, SPACE, &save);
            if (server)
                add_server(ret, server);
        } else if (!strcmp(line, "search") || !strcmp(line, "domain")) {
            set_search(ret, rest);
        } else if (!strcmp(line, "options")) {
            set_options(ret, rest);
        }
    }
    if (f)
        fclose(f);
    if (!ret->n_servers) {
        add_server(ret, "127.0.0.1");
        add_server(ret, "::1");
    }
}

void resolv_conf_done(struct resolv_conf *c)
{
    for (size_t i = 0; i < c->n_search; i++)
        free(c->search[i]);
    *c = (struct resolv_conf){0};
}

char **resolv_conf_names(const struct resolv_conf *c, const char *name)
{
    char **names = xcalloc(c->n_search + 3, sizeof *names);
    size_t n = 0, len = strlen(name);
    if (len && name[len - 1] == '.') {
        names[n] = xstrdup(name);
        return names;
    }
    unsigned dots = 0;
    for (const char *p = name; *p; p++)
        dots += *p == '.';
    bool first = dots >= c->ndots;
    if (first)
        names[n++] = rooted(name);
    for (size_t i = 0; i < c->n_search; i++)
        names[n++] = xasprintf("%s.%s", name, c->search[i]);
    if (!first)
        names[n++] = rooted(name);
    return names;
}

void hosts_read(const char *path, const char *name, struct addresses *ret)
{
    FILE *f = fopen(path, "re");
    char line[4096];
    size_t len = strlen(name);
    if (len && name[len - 1] == '.')
        len--;
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "#")] = 0;
        char *save = NULL, *address = strtok_r(line, SPACE, &save);
        struct sockaddr_storage a;
        if (!address || !address_parse(address, &a))
            continue;
        for (char *n = strtok_r(NULL, SPACE, &save); n && ret->n < RESOLVE_MAX;
             n = strtok_r(NULL, SPACE, &save))
            if (strlen(n) == len && !strncasecmp(n, name, len))
                ret->at[ret->n++] = a;
    }
    if (f)
        fclose(f);
}
