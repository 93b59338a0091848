/* fixtures/parity/NAME.yaml: talks, and the two worlds in which they are held.
 *
 *   parity: NAME
 *   title: one line
 *   transports: [ws, grpc]       how KAS is reached; default both
 *   versions: kas >= 15.7        of KAS; default all
 *   real: {gitlab: …, gitaly: …, redis: …, kas: …}      parts of a scenario with a KAS under test
 *   fake: {kas: …}               parts of a scenario with a fake KAS, whose version is the real one's
 *   talks: [{talk: NAME, over?: [ws], versions?: range, …talk.h}]
 *
 * Both worlds are checked as scenarios are, by the same schema.
 */
#pragma once

#include <jansson.h>

#include "conformance/components.h"

struct parity_book;

/* *ret is a list of *ret_n, by name. -EINVAL, and complained on standard error. */
int parity_books_read(const char *fixtures, struct parity_book ***ret, size_t *ret_n);
void parity_books_free(struct parity_book **books, size_t n);

const char *parity_book_name(const struct parity_book *b);
const json_t *parity_book_transports(const struct parity_book *b);
bool parity_book_applies(const struct parity_book *b, const struct component *kas);
/* The talks over this transport with this KAS, values put in; and the row of a side. New references; NULL
 * and *reterr. */
json_t *parity_book_talks(const struct parity_book *b, const struct component *kas, const char *over,
                          const json_t *vars);
json_t *parity_book_row(const struct parity_book *b, const json_t *schema, const char *side,
                        const struct component *kas, const char *over, const json_t *vars, char **reterr);
