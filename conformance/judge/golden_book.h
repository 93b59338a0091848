/* All golden logs of one version, read once: what one row prints by chance is known if its neighbours print
 * it.
 *
 * Real agents race with themselves: a stream's error is told by whichever call meets it first, and a line of
 * the start comes before or after the row was judged. A line is therefore known to a row if its own golden
 * log has it, if another row of the same scenario has it, or if many rows of this version have it; and it is
 * only demanded where no row of this version calls it `sometimes`.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct golden_book;

struct golden_book *golden_book_new(const char *fixtures);
struct golden_book *golden_book_free(struct golden_book *b);

#define GOLDEN_BESIDE_SUFFIX "+agent" /* of the names of those files that tell what an agent beside a KAS says */

/* `version` is "agentk-14.7", or "kas-14.7+agent" for the agents beside it; `key` a line by golden_key(). */
bool golden_book_knows(struct golden_book *b, const char *version, const char *id, const char *key);
bool golden_book_sometimes(struct golden_book *b, const char *version, const char *key);
/* The line as one text, keys sorted: the same for equal lines. New string. */
char *golden_key(const json_t *line);
