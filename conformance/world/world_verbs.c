/* Verbs of steps that the world does itself. */
#include "conformance/world/world_verbs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conformance/process/rootfs.h"
#include "conformance/process/signals.h"
#include "lib/base/mem.h"

/* What has a process of its own; the fakes have not. */
static const char *const processes[] = {"agent", "kas", "kas2", "redis"};
static const char *const fakes[] = {"gitlab", "gitaly", "kube", "hubble"};

static int do_signal(struct world_verbs *w, const json_t *args, char **reterr)
{
    int signum = signal_parse(args), e = signum < 0 ? signum : process_signal(actors_sut(w->actors), signum);

    if (e)
        *reterr = xstrdup(signum < 0 ? "expected {signal: TERM}" : "the component has ended already");
    return e;
}

static int do_file(struct world_verbs *w, const char *verb, const json_t *args, char **reterr)
{
    const char *path = json_string_value(json_object_get(args, "path"));
    const json_t *text = json_object_get(args, "text");
    _cleanup_(freep) char *full = path ? xasprintf("%s%s", w->prefix, path) : NULL;
    int e;

    if (!path || *path != '/') {
        *reterr = xasprintf("%s: expected {path: /…}", verb);
        return -EINVAL;
    }
    if (strcmp(verb, "remove_file") == 0)
        e = unlink(full) < 0 ? -errno : 0;
    else
        e = file_write(full, json_is_string(text) ? json_string_value(text) : "", json_string_length(text),
                       0644);
    if (e)
        *reterr = xasprintf("%s: %s", path, strerror(-e));
    return e;
}

static int do_fault(struct world_verbs *w, const char *verb, const json_t *args, char **reterr)
{
    const char *id = json_string_value(json_is_object(args) ? json_object_get(args, "id") : args);
    int e = id ? fakes_switch(w->fakes, id, strcmp(verb, "fault_on") == 0) : -EINVAL;

    if (e)
        *reterr = xasprintf("%s: no fault has the id \"%s\"", verb, id ? id : "");
    return e;
}

int world_perform(void *verbs, const char *verb, const json_t *args, char **reterr)
{
    struct world_verbs *w = verbs;

    if (strcmp(verb, "sut_signal") == 0)
        return do_signal(w, args, reterr);
    if (strcmp(verb, "write_file") == 0 || strcmp(verb, "remove_file") == 0)
        return do_file(w, verb, args, reterr);
    for (size_t i = 0; i < ARRAY_SIZE(processes); i++)
        if (strcmp(verb, processes[i]) == 0)
            return actors_perform(w->actors, verb, args, reterr);
    if (strcmp(verb, "user") == 0)
        return tunnel_user_request(w->user, args, reterr);
    if (strcmp(verb, "person") == 0)
        return person_perform(w->person, args, reterr);
    if (strcmp(verb, "rails") == 0)
        return rails_call(w->rails, args, reterr);
    for (size_t i = 0; i < ARRAY_SIZE(fakes); i++)
        if (strcmp(verb, fakes[i]) == 0)
            return fakes_perform(w->fakes, verb, args, reterr);
    if (strcmp(verb, "fault_on") == 0 || strcmp(verb, "fault_off") == 0)
        return do_fault(w, verb, args, reterr);
    if (w->fakes->kas)
        return kas_perform(w->fakes->kas, verb, args, reterr);
    *reterr = xasprintf("%s: this world has no KAS", verb);
    return -ENOENT;
}
