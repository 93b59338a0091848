/* Log lines made comparable: what differs from run to run becomes a typed placeholder, by named filters.
 *
 *   <time>  <port:1>  <pid>  <ws-key>  <address>  <goroutine>  <duration>  <ulid>  <token>  <id>  <commit>
 *   <frame>, <trace>: of the stack of a panic
 *
 * The same port in one line is the same number: relations are kept.
 */
#pragma once

#include <jansson.h>

struct normaliser;

struct normaliser *normaliser_new(void);
struct normaliser *normaliser_free(struct normaliser *n);
/* A parsed line, or {"text": …}: new reference. */
json_t *normalise(const struct normaliser *n, const json_t *line);
/* A raw line as it stands in sut.log. */
json_t *normalise_raw(const struct normaliser *n, const char *raw);
