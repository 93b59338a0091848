/* What people and programs read when everything listens: addresses, secrets (told only now), how to start a KAS. */
#include <stdio.h>
#include <string.h>

#include "fakegitlab/served.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

const char *serve_address(const json_t *listeners, const char *transport)
{
    size_t i;
    json_t *l;
    json_array_foreach (listeners, i, l)
        if (!strcmp(json_string_value(json_object_get(l, "transport")), transport))
            return json_string_value(json_object_get(l, "address"));
    return "";
}

char *serve_kas_config(const struct served *s)
{
    struct buf b = BUF_NULL;
    json_t *listeners = gitlab_listeners(s->gitlab);
    const char *http = serve_address(listeners, "http"), *https = serve_address(listeners, "https");
    buf_addf(&b, "gitlab:\n  address: http%s://%s\n  authentication_secret_file: %s\n", *http ? "" : "s",
             *http ? http : https, s->secret_path);
    if (!*http && s->stand.ca_path)
        buf_addf(&b, "  ca_certificate_file: %s\n", s->stand.ca_path);
    buf_addf(&b, "agent:\n  listen:\n    address: 127.0.0.1:8150\n    websocket: true\n  configuration:\n"
                 "    poll_period: 5s\n  info_cache_ttl: 5s\n  info_cache_error_ttl: 2s\n");
    json_decref(listeners);
    char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

void serve_tell_json(const struct served *s)
{
    stand_tell(&s->stand, json_pack("{so, ss, ss, ss*, sO*}", "listeners", gitlab_listeners(s->gitlab), "kas_secret_file",
                                    s->secret_path, "kas_config_file", s->config_path, "gitaly",
                                    s->gitaly ? gitaly_address(s->gitaly) : NULL, "secrets", s->secrets));
}

/* {"my-agent": ["TOKEN", …]} */
static void tell_secrets(const json_t *of, const char *what)
{
    const char *name;
    json_t *list, *secret;
    size_t i;
    json_object_foreach ((json_t *)of, name, list) {
        json_array_foreach (list, i, secret)
            printf("  %-24s %-12s %s\n", what, name, json_string_value(secret));
    }
}

void serve_tell_people(const struct served *s)
{
    size_t i;
    json_t *listeners = gitlab_listeners(s->gitlab), *l;
    _cleanup_(freep) char *config = serve_kas_config(s);
    printf("fakegitlab %s answers as GitLab %s\n\n", FAKEKAS_VERSION,
           s->o->stand.version ? s->o->stand.version : "of any version: it has the calls of all");
    json_array_foreach (listeners, i, l)
        printf("  %-24s %s://%s\n", "GitLab", json_string_value(json_object_get(l, "transport")),
               json_string_value(json_object_get(l, "address")));
    if (s->gitaly)
        printf("  %-24s %s\n", "Gitaly", gitaly_address(s->gitaly));
    printf("  %-24s / and /-/graphql-explorer of GitLab's address\n", "for people");
    tell_secrets(json_object_get(s->secrets, "agents"), "token of agent");
    tell_secrets(json_object_get(s->secrets, "users"), "access token of user");
    if (!s->secrets)
        printf("  tokens were told when %s was made\n", s->o->data);
    printf("  %-24s %s\n", "secret file of KAS", s->secret_path);
    if (s->stand.ca_path)
        printf("  %-24s %s\n", "CA file", s->stand.ca_path);
    printf("  %-24s curl --unix-socket %s http://fakegitlab/state\n", "control", s->stand.socket_path);
    printf("\nStart a KAS:\n  kas --configuration-file=%s\nwhich says (KAS of 15.7 and later want redis, api and private_api too):\n\n%s\nCtrl-C ends it.\n",
           s->config_path, config);
    json_decref(listeners);
}
