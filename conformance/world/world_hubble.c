/* See world_hubble.h. Its faults are its own, since their moments have the same names as those of KAS. */
#include "conformance/world/world_hubble.h"

#include "conformance/world/world_faults.h"
#include "conformance/world/world_files.h"
#include "fakehubble/hubble.h"
#include "lib/base/mem.h"
#include "lib/script/actions.h"
#include "lib/script/faults.h"

enum { PORT = 80 };

struct world_hubble {
    struct faults *faults; /* owned */
    struct hubble *hubble; /* owned until it is stopped */
};

bool world_hubble_wanted(const json_t *row)
{
    /* An empty mapping is a part that nobody wrote: they are all there in a row. */
    return json_object_size(json_object_get(row, "hubble")) > 0;
}

int world_hubble_start(const struct world_hubble_options *o, struct world_hubble **ret, char **reterr)
{
    const json_t *part = json_object_get(o->row, "hubble");
    struct world_hubble *h = NEW(struct world_hubble);
    struct hubble_options options = {.loop = o->loop, .events = o->events, .pki = o->pki, .next_conn_id = o->next_conn_id,
                                     .spec = part, .host = WORLD_HUBBLE_IP, .port = PORT};
    int e;

    *ret = h; /* also a half-made one: the caller frees it behind the loop */
    h->faults = options.faults = world_faults(part, o->row, o->events, o->faults_off);
    e = hubble_start(&options, &h->hubble, reterr);
    if (!e && json_is_true(json_object_get(part, "absent")))
        e = hubble_perform(h->hubble, "stop", NULL, reterr);
    return e;
}

void world_hubble_stop(struct world_hubble *h)
{
    if (h)
        h->hubble = hubble_free(h->hubble);
}

struct world_hubble *world_hubble_free(struct world_hubble *h)
{
    if (!h)
        return NULL;
    world_hubble_stop(h);
    faults_free(h->faults);
    free(h);
    return NULL;
}

int world_hubble_perform(struct world_hubble *h, const json_t *what, char **reterr)
{
    struct action *list = actions_new(what);
    int e = 0;

    for (const struct action *a = list; a && !e; a = a->next)
        e = hubble_perform(h->hubble, a->verb, a->args, reterr);
    actions_free(list);
    return e;
}

int world_hubble_switch(struct world_hubble *h, const char *fault, bool on)
{
    return faults_switch(h->faults, fault, on);
}
