/* Verbs of steps that act on the network beneath the protocols: shape, stall, half_close, set_certificate,
 * fill_backlog. */
#include <errno.h>
#include <string.h>

#include "fakekas/internal.h"

static bool is_meant(const struct link *l, const json_t *args)
{
    json_int_t only = json_integer_value(json_object_get(args, "conn"));
    const char *transport = json_string_value(json_object_get(args, "transport"));
    return !l->conn->dead && (!only || only == (json_int_t)l->conn->id) &&
           (!transport || !strcmp(transport, l->listener->transport));
}

static int on_links(struct kas *k, const char *verb, const json_t *args)
{
    struct link *l, *next;
    json_t *own = json_is_object(args) ? json_incref((json_t *)args) : json_object();
    struct action a = {.verb = verb, .args = own};
    for (l = TAILQ_FIRST(&k->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        if (is_meant(l, args))
            (void)conn_act(l->conn, l->conn->top, &a);
    }
    json_decref(own);
    return 0;
}

/* For the connections to come; those that are open keep what they have. */
static int set_certificate(struct kas *k, const json_t *args, char **reterr)
{
    struct tls_source from = {.part = "kas", .spec = k->spec, .pki = k->pki, .hosts = kas_usual_hosts};
    if (k->tls.ctx)
        return tls_setup_renew(&k->tls, &from, args, reterr);
    *reterr = xstrdup("set_certificate: this KAS does not speak TLS");
    return -EINVAL;
}

int kas_fill_backlog(struct kas *k, char **reterr)
{
    for (size_t i = 0; i < k->n_listeners; i++) {
        int r = listener_fill(k->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("fill_backlog: %s: %s", listener_address(k->listeners[i].listener), strerror(-r));
            return r;
        }
    }
    k->stopped = true; /* `start` and `restart` end it */
    return 0;
}

int kas_net_verb(struct kas *k, const char *verb, const json_t *args, char **reterr)
{
    if (!strcmp(verb, "shape") || !strcmp(verb, "stall") || !strcmp(verb, "half_close"))
        return on_links(k, verb, args);
    if (!strcmp(verb, "set_certificate"))
        return set_certificate(k, args, reterr);
    return strcmp(verb, "fill_backlog") ? -ENOSYS : kas_fill_backlog(k, reterr);
}
