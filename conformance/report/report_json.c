/* results.json: an array of objects, one a row. */
#include <errno.h>

#include "conformance/report/outcome.h"
#include "conformance/report/report.h"

int report_json(const struct rows *rows, const char *path)
{
    json_t *list = json_array();
    int e;

    for (size_t i = 0; i < rows->n; i++)
        json_array_append_new(list, outcome_json(rows->items[i]));
    e = json_dump_file(list, path, JSON_INDENT(1)) < 0 ? -errno : 0;
    json_decref(list);
    return e;
}
