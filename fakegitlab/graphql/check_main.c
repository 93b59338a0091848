/* graphql_check: verdicts on many documents by one process.
 *
 * Each line of standard input is JSON. A string is a document: the answer is null, or the syntax error. One line out for
 * each line in, in the same order.
 */
#include <stdio.h>
#include <string.h>

#include "fakegitlab/graphql/graphql.h"
#include "lib/base/mem.h"

static json_t *answer(const json_t *line)
{
    json_t *error = json_is_string(line) ? graphql_check(json_string_value(line), json_string_length(line), NULL) : NULL;
    return error ? error : json_null();
}

int main(void)
{
    _cleanup_(freep) char *text = NULL;
    size_t size = 0;
    for (ssize_t n; (n = getline(&text, &size, stdin)) > 0;) {
        json_error_t e;
        json_t *line = json_loadb(text, (size_t)n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
        if (!line) {
            fprintf(stderr, "graphql_check: no JSON: %s\n", e.text);
            return 2;
        }
        json_t *said = answer(line);
        json_dumpf(said, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
        putchar('\n');
        json_decref(said);
        json_decref(line);
    }
    return 0;
}
