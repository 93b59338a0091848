#include "fakekas/serve_scenario.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/scenario.h"

#define AGENT_PATH "/-/kubernetes-agent/"

/* Tried in this order when nobody said for which agent the scenario is to be played. */
static const char *const versions[] = {"14.7", "16.5", "15.7", "13.12", "13.6", "head"};

static const char *pick_version(const struct scenario *s, const struct serve_options *o)
{
    if (o->agent_version)
        return o->agent_version;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        bool fits;
        if (scenario_applies(s, "agentk", versions[i], &fits) == 0 && fits)
            return versions[i];
    }
    return versions[0];
}

/* "wss://host:443/-/kubernetes-agent" -> "/-/kubernetes-agent" */
static char *path_of(const char *address)
{
    const char *at = address ? strstr(address, "://") : NULL;
    const char *slash = at ? strchr(at + 3, '/') : NULL;
    return xstrdup(address ? slash ? slash : "" : AGENT_PATH);
}

static void take_row(const json_t *row, struct serve_scenario *ret)
{
    const json_t *kas = json_object_get(row, "kas");
    ret->spec = json_deep_copy(kas);
    ret->faults = json_deep_copy(json_object_get(kas, "faults"));
    ret->then = json_deep_copy(json_object_get(row, "then"));
    ret->agent_path = path_of(json_string_value(json_object_get(json_object_get(row, "agent"), "address")));
    ret->seed = (uint64_t)json_integer_value(json_object_get(row, "seed"));
}

/* "FILE", or "FILE.yaml:ENTRY" for one of a matrix, whose first is taken otherwise. */
static struct scenario *pick_entry(const char *wanted, const json_t *schema, struct problems *p)
{
    const char *suffix = strstr(wanted, ".yaml:");
    _cleanup_(freep) char *path = suffix ? xstrndup(wanted, (size_t)(suffix - wanted) + 5) : xstrdup(wanted);
    struct scenario **all, *found = NULL;
    size_t n = scenario_load_all(path, schema, p, &all);
    for (size_t i = 0; i < n; i++) {
        const char *entry = strchr(scenario_id(all[i]), ':');
        if (!found && (!suffix || (entry && strcmp(entry, suffix + 5) == 0)))
            found = all[i];
        else
            scenario_free(all[i]);
    }
    free(all);
    if (n && !found)
        problem_add(p, (struct place){.file = path}, "no entry \"%s\"; `conform list` names them", suffix + 6);
    return found;
}

static int load(const struct serve_options *o, const json_t *vars, struct problems *p, struct serve_scenario *ret)
{
    json_error_t e;
    json_t *schema = json_loads(scenario_schema, 0, &e);
    struct scenario *s = pick_entry(o->scenario, schema, p);
    json_decref(schema);
    if (!s)
        return EXIT_USAGE;
    if (strcmp(scenario_about(s), "agentk") != 0) {
        fprintf(stderr, "fakekas: %s is about a real KAS; cure: `conform run %s --sut kas=PATH`\n", o->scenario,
                scenario_id(s));
        scenario_free(s);
        return EXIT_USAGE;
    }
    _cleanup_(freep) char *err = NULL;
    const json_t *transports = scenario_transports(s);
    const char *transport = o->stand.n_listen ? o->stand.listen[0].transport : json_string_value(json_array_get(transports, 0));
    json_t *row = scenario_row(s, "agentk", pick_version(s, o), transport ? transport : "ws", NULL, vars, &err);
    if (row) {
        take_row(row, ret);
        ret->transports = json_deep_copy(transports);
        ret->title = xstrdup(scenario_title(s));
    } else {
        fprintf(stderr, "fakekas: %s: %s\n", o->scenario, err ? err : "cannot be played");
    }
    json_decref(row);
    scenario_free(s);
    return row ? 0 : EXIT_USAGE;
}

int serve_scenario_load(const struct serve_options *o, const json_t *vars, struct serve_scenario *ret)
{
    *ret = (struct serve_scenario){0};
    if (!o->scenario) {
        ret->spec = json_object();
        ret->agent_path = xstrdup(AGENT_PATH);
        return 0;
    }
    struct problems *p = problems_new();
    int code = load(o, vars, p, ret);
    if (problems_count(p)) {
        _cleanup_(freep) char *text = problems_text(p);
        fputs(text, stderr);
        code = EXIT_USAGE;
    }
    problems_free(p);
    if (code == 0 && !ret->spec)
        ret->spec = json_object();
    if (code == 0 && json_is_true(json_object_get(ret->spec, "absent"))) {
        fprintf(stderr, "fakekas: %s: in this scenario there is no KAS; there is nothing to serve\n", o->scenario);
        code = EXIT_USAGE;
    }
    if (code)
        serve_scenario_done(ret);
    return code;
}

void serve_scenario_done(struct serve_scenario *s)
{
    json_decref(s->spec);
    json_decref(s->faults);
    json_decref(s->then);
    json_decref(s->transports);
    free(s->agent_path);
    free(s->title);
    *s = (struct serve_scenario){0};
}
