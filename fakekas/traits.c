#include "fakekas/traits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/version.h"

/* When a connection grows old: GOAWAY, then polling streams end with OK, then it is closed. The real ones add up to
 * 10 % by chance; ours do not, so that a scenario can be judged. */
static const struct age {
    const char *from;
    int64_t max_age_ms;
    int goaway, polls, hard;
} ages[] = {
    {"16.3", 7200000, 20, 30, 85}, {"16.2", 7200000, 35, 45, 85}, {"14.2", 1800000, 65, 75, 85},
    {"14.1", 1800000, 35, 45, 135}, {"13.7", 1800000, 80, 100, 180}, {"0", 0, 65, 75, 85},
};

/* The grpc-go that each was built with, where it is known; between them that of the older one. */
static const struct {
    const char *from;
    int minor;
} built_with[] = {{"16.5", 58}, {"16.3", 57}, {"16.2", 56}, {"16.0", 55}, {"15.7", 51}, {"15.0", 46},
                  {"14.8", 44}, {"14.5", 42}, {"14.1", 39}, {"13.12", 37}, {"0", 33}};

static bool is_version(const char *v)
{
    if (!strcmp(v, "head"))
        return true;
    if (*v == 'v')
        v++;
    size_t digits = strspn(v, "0123456789.");
    return *v >= '0' && *v <= '9' && strlen(v) < 20 && (!v[digits] || (v[digits] == '-' && v[digits + 1]));
}

static bool since(const char *version, const char *first)
{
    return version_compare(version, first) >= 0;
}

static void name_server(struct kas_traits *t)
{
    if (!since(t->version, "14.0"))
        return;
    if (!strcmp(t->version, "head")) {
        snprintf(t->server, sizeof(t->server), "gitlab-kas/v0.0.0/00000000");
        return;
    }
    int dots = 0;
    for (const char *p = t->version; *p; p++)
        dots += *p == '.';
    snprintf(t->server, sizeof(t->server), "gitlab-kas/v%s%s/00000000", t->version,
             dots == 0 ? ".0.0" : dots == 1 ? ".0" : "");
}

int traits_of(const char *version, struct kas_traits *ret)
{
    const char *v = version ? version : KAS_DEFAULT_VERSION;
    if (!is_version(v))
        return -EINVAL;
    if (*v == 'v')
        v++;
    struct kas_traits t = {
        .both = since(v, "15.1"),
        .correlation = since(v, "14.1") && !since(v, "15.4"),
        .not_found_rule = since(v, "14.2"),
        .trouble_is_silent = since(v, "14.2") || !since(v, "13.7"),
        .agent_id = since(v, "13.9"),
        .project_path = since(v, "15.7"),
        .object_project_id = since(v, "14.0"),
        .unit = since(v, "14.2") ? "bytes" : "runes",
        .date_in_101 = !since(v, "15.8"),
        .request_length = since(v, "16.0"),
        .k8s_status = since(v, "15.7"),
        .k8s_marks_401 = since(v, "16.0"),
        .k8s_upgrades = !version || since(v, "15.7"),
        .k8s_tiers = since(v, "15.7"),
        .k8s_impersonates = since(v, "14.2"),
        .k8s_prefix_first = since(v, "16.0"),
        .k8s_find_ms = since(v, "15.7") ? 20000 : 0,
        .k8s_read_ms = since(v, "15.7") ? 0 : since(v, "15.0") ? 10000 : 1000,
        .front_exact = since(v, "14.5"),
    };
    snprintf(t.version, sizeof(t.version), "%s", v);
    name_server(&t);
    for (size_t i = 0; i < ARRAY_SIZE(built_with) && !t.grpc_go; i++)
        if (since(v, built_with[i].from))
            t.grpc_go = built_with[i].minor;
    for (size_t i = 0; i < ARRAY_SIZE(ages); i++)
        if (since(v, ages[i].from)) {
            t.max_age_ms = ages[i].max_age_ms;
            t.goaway_percent = ages[i].goaway;
            t.polls_percent = ages[i].polls;
            t.hard_percent = ages[i].hard;
            break;
        }
    *ret = t;
    return 0;
}
