/* fixtures/requirements.yaml, the scenarios' `judges` and the results of runs, put together. */
#include "conformance/report/list_requirements.h"

#include <stdio.h>

#include "conformance/report/claims.h"
#include "conformance/command/commands.h"
#include "lib/script/version.h"

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void did_text(const struct claims *c, const json_t *requirement, const char *version, char out[32])
{
    const char *range = text(requirement, "versions");
    struct claims_did d = claims_did(c, text(requirement, "id"), "agentk", version);
    bool in = true;

    (void)version_in(range ? range : "*", "agentk", version, &in);
    if (!in)
        snprintf(out, 32, "not required");
    else if (!d.rows)
        snprintf(out, 32, "–");
    else if (d.passed == d.rows)
        snprintf(out, 32, "yes (%u)", d.rows);
    else
        snprintf(out, 32, "NO (%u of %u)", d.rows - d.passed, d.rows);
}

static void judged_by(const struct claims *c, const json_t *requirement, FILE *f)
{
    const json_t *judges = claims_by(c, text(requirement, "id"));
    const char *later = text(requirement, "later"), *open = text(requirement, "open");
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)judges, i, one) fprintf(f, "%s%s", i ? ", " : "", json_string_value(one));
    if (!json_array_size(judges))
        fprintf(f, "%s%s",
                later  ? "later: "
                : open ? "open: "
                       : "nothing",
                later  ? later
                : open ? open
                       : "");
}

static void in_markdown(const struct claims *c)
{
    json_t *one, *version, *versions = claims_versions(c, "agentk");
    size_t i, k;

    puts("# Requirements\n\nMade by `conform list --requirements --markdown` from "
         "`fixtures/requirements.yaml`, the "
         "`judges:` of the scenarios and a run's\n`results.json`; do not edit. Numbers are rows: scenario "
         "by transport, "
         "without cures. `–`: nothing judges it, or no row of this version.\n");
    fputs("| id | the agent | versions | judged by |", stdout);
    json_array_foreach(versions, k, version) printf(" %s |", json_string_value(version));
    fputs("\n|---|---|---|---|", stdout);
    json_array_foreach(versions, k, version) fputs("---|", stdout);
    putchar('\n');
    json_array_foreach((json_t *)c->entries, i, one)
    {
        printf("| %s | %s | %s | ", text(one, "id"), text(one, "text"), text(one, "versions"));
        judged_by(c, one, stdout);
        fputs(" |", stdout);
        json_array_foreach(versions, k, version)
        {
            char did[32];
            did_text(c, one, json_string_value(version), did);
            printf(" %s |", did);
        }
        putchar('\n');
    }
    json_decref(versions);
}

static void in_text(const struct claims *c)
{
    json_t *one;
    size_t i, judged = 0, later = 0;

    json_array_foreach((json_t *)c->entries, i, one)
    {
        bool any = json_array_size(claims_by(c, text(one, "id"))) > 0;
        judged += any;
        later += !any && text(one, "later");
        printf("%-5s %-18s %s\n      ", text(one, "id"), text(one, "versions"), text(one, "text"));
        judged_by(c, one, stdout);
        putchar('\n');
    }
    printf("%zu requirements, %zu judged, %zu later, %zu open\n", i, judged, later, i - judged - later);
}

static void in_json(const struct claims *c)
{
    json_t *list = json_array(), *one, *version, *versions = claims_versions(c, "agentk");
    size_t i, k;

    json_array_foreach((json_t *)c->entries, i, one)
    {
        json_t *copy = json_deep_copy(one), *did = json_object();
        const json_t *judges = claims_by(c, text(one, "id"));
        json_array_foreach(versions, k, version)
        {
            struct claims_did d = claims_did(c, text(one, "id"), "agentk", json_string_value(version));
            json_object_set_new(did, json_string_value(version),
                                json_pack("{s:i, s:i}", "rows", (int)d.rows, "passed", (int)d.passed));
        }
        json_object_set_new(copy, "judged_by", judges ? json_deep_copy(judges) : json_array());
        json_object_set_new(copy, "did", did);
        json_array_append_new(list, copy);
    }
    json_dumpf(list, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(list);
    json_decref(versions);
}

int list_requirements(const struct suite *s, const struct options *o)
{
    struct claims c;
    int code = EXIT_USAGE;

    if (claims_read(&c, s, o, "requirements.yaml", "requirements", "judges") == 0) {
        code = EXIT_AS_EXPECTED;
        if (o->json)
            in_json(&c);
        else if (o->markdown)
            in_markdown(&c);
        else
            in_text(&c);
    }
    claims_done(&c);
    return code;
}
