/* Any bytes as a scenario: read, checked against a schema and beyond, resolved if they are one. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/mem.h"
#include "lib/script/scenario.h"
#include "lib/script/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *schema_once(void)
{
    /* The whole language if it is there; else enough of a schema to reach every keyword of the walker. */
    static json_t *schema;
    json_error_t e;
    if (!schema)
        schema = json_load_file("fixtures/scenario.schema.json", 0, &e);
    if (!schema)
        schema = json_loads("{\"type\":\"object\",\"required\":[\"scenario\"],\"additionalProperties\":false,\"properties\":"
                            "{\"scenario\":{\"pattern\":\"^a\"},\"expect\":{\"anyOf\":[{\"enum\":[\"x\"]},{\"$ref\":"
                            "\"#\"}]},\"kas\":{\"items\":{\"format\":\"versions\"}},\"then\":{\"format\":\"duration\"}}}",
                            0, &e);
    return schema;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems *p = problems_new();
    const json_t *schema = schema_once();
    struct yaml_doc *d = yaml_read_text("fuzz", (const char *)data, size, p);
    if (d)
        schema_check(schema, d, p);
    yaml_done(d);

    struct scenario *s = scenario_load_text("fuzz", (const char *)data, size, schema, p);
    if (s) {
        char *err = NULL;
        json_decref(scenario_row(s, "agentk", "16.5", "wss", NULL, NULL, &err));
        json_decref(scenario_json(s));
        free(err);
    }
    scenario_free(s);
    free(problems_text(p));
    problems_free(p);
    return 0;
}
