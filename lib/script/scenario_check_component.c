/* A scenario is about agents, before a fake KAS, or about KAS, between agents, GitLab, Gitaly and Redis. What is said of
 * the one has no meaning for the other, and would be a failure that never happens. */
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/scenario_impl.h"

struct check {
    const struct yaml_doc *doc;
    bool kas; /* about KAS */
    struct problems *p;
};

static const char *const areas[] = {"kas/", "gitlab/", "chain/"};
/* Parts, keys and verbs that there are with a KAS under test only. */
static const char *const kas_parts[] = {"kas2", "gitlab", "gitaly", "redis"};
static const char *const kas_agent_keys[] = {"absent", "version", "build", "start"};
static const char *const kas_kas_keys[] = {"configuration", "secrets", "trust", "args", "without", "env"};
static const char *const kas_verbs[] = {"gitlab", "gitaly", "redis", "agent", "kas", "kas2", "rails"};
/* What a KAS under test shares with the fake one, and what the world does for everybody. */
static const char *const both_keys[] = {"certificate"};
static const char *const both_verbs[] = {"kube", "hubble", "person", "user", "fault_on", "fault_off", "sut_signal", "write_file", "remove_file"};

static bool among(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}

#define AMONG(word, list) among(word, list, ARRAY_SIZE(list))

static void check_keys(struct check *c, const json_t *part, const char *name)
{
    bool agent = strcmp(name, "agent") == 0;
    const json_t *object = json_object_get(part, name);
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)object, key, v) {
        bool ours = agent ? AMONG(key, kas_agent_keys) : AMONG(key, kas_kas_keys);
        if (!c->kas && ours)
            problem_add(c->p, yaml_key_place(c->doc, object, key), "`%s.%s` is said of a KAS under test; expected "
                        "`applies: kas`", name, key);
        else if (c->kas && !agent && !ours && !AMONG(key, both_keys))
            problem_add(c->p, yaml_key_place(c->doc, object, key), "`kas.%s` is said of the fake KAS, and here a real one "
                        "is under test; expected one of configuration, secrets, trust, args, without, env, certificate",
                        key);
    }
}

static void check_verb(struct check *c, const char *verb, struct place at)
{
    if (!c->kas && AMONG(verb, kas_verbs))
        problem_add(c->p, at, "`%s` is there with a KAS under test only; expected `applies: kas`", verb);
    else if (c->kas && !AMONG(verb, kas_verbs) && !AMONG(verb, both_verbs))
        problem_add(c->p, at, "%s is done by the fake KAS, and here a real one is under test; expected {gitlab: …}, "
                    "{gitaly: …}, {redis: …}, {agent: …}, {kas: …}, {kas2: …}, {rails: …} or {user: …}", verb);
}

static void check_verbs(struct check *c, const json_t *what, struct place at)
{
    const char *verb;
    size_t i;
    json_t *v;
    if (json_is_string(what))
        check_verb(c, json_string_value(what), at);
    json_object_foreach((json_t *)what, verb, v)
        check_verb(c, verb, yaml_key_place(c->doc, what, verb));
    json_array_foreach(what, i, v)
        check_verbs(c, v, yaml_item_place(c->doc, what, i));
}

static void check_who(struct check *c, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        if (!c->kas && json_object_get(item, "who"))
            problem_add(c->p, yaml_key_place(c->doc, item, "who"), "`who` is asked where several print, with a KAS under "
                        "test; expected `applies: kas`");
}

static void check_part(struct check *c, const json_t *part)
{
    size_t i;
    json_t *step;
    for (i = 0; i < ARRAY_SIZE(kas_parts); i++)
        if (!c->kas && json_object_get(part, kas_parts[i]))
            problem_add(c->p, yaml_key_place(c->doc, part, kas_parts[i]), "`%s` is there with a KAS under test only; "
                        "expected `applies: kas`", kas_parts[i]);
    check_keys(c, part, "agent");
    check_keys(c, part, "kas");
    json_array_foreach(json_object_get(part, "then"), i, step)
        check_verbs(c, json_object_get(step, "do"), yaml_member_place(c->doc, step, "do"));
    check_who(c, json_object_get(json_object_get(part, "expect"), "log"));
}

static void check_id(struct check *c, const json_t *tree)
{
    const char *id = json_string_value(json_object_get(tree, "scenario"));
    for (size_t i = 0; id && i < ARRAY_SIZE(areas); i++)
        if (strncmp(id, areas[i], strlen(areas[i])) == 0) {
            if (!c->kas)
                problem_add(c->p, yaml_member_place(c->doc, tree, "scenario"), "scenarios in %s are about KAS; expected "
                            "`applies: kas`, or a range that names it such as `kas >= 15`", areas[i]);
            return;
        }
    if (id && c->kas)
        problem_add(c->p, yaml_member_place(c->doc, tree, "applies"), "scenarios about KAS have ids that begin with kas/, "
                    "gitlab/ or chain/");
}

void scenario_check_component(const struct yaml_doc *doc, struct problems *p)
{
    const json_t *tree = yaml_root(doc);
    struct check c = {.doc = doc, .kas = strcmp(scenario_component(tree), "kas") == 0, .p = p};
    size_t i;
    json_t *v;
    check_id(&c, tree);
    check_part(&c, tree);
    json_array_foreach(json_object_get(tree, "variants"), i, v)
        check_part(&c, v);
    json_array_foreach(json_object_get(tree, "cures"), i, v)
        check_part(&c, v);
}
