/* The event log: one JSON object a line, written whole when it happens, in one order for a whole world.
 *
 *   {"seq":12,"t":81234567,"wall":"…","world":"…","who":"kas","conn":1,"stream":3,"layer":"http",
 *    "event":"http.request", …what the event carries…}
 *
 * An event is also a moment: its name is the address at which a scenario puts a fault (`at: http.request`). Names are
 * `layer.moment`; the list stands in docs/events.md. Each line is one write(2) on O_APPEND: it survives kill -9 of
 * the writer. Secrets are replaced before anything is written or given to a subscriber.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct events;

/* path NULL: kept for subscribers only. world NULL: no such field. -errno if the file cannot be opened. */
int events_open(const char *path, const char *world, struct events **ret);
struct events *events_free(struct events *e);

/* Every occurrence of `secret` in any string of any later event becomes `<name>`. */
void events_secret(struct events *e, const char *secret, const char *name);
/* The replacement for text that goes elsewhere than into the log (sut.log): a new string, the caller's. */
char *events_redact(const struct events *e, const char *text);

/* conn and stream: 0 for none. `event` is "layer.moment". `fields` is stolen, NULL is fine.
 * Returns the sequence number. A write that fails (full disk) is retried with the next event, kept in memory up to
 * 16 MiB, and said once on standard error; it never stops the caller. */
uint64_t events_emit(struct events *e, const char *who, uint64_t conn, int64_t stream, const char *event,
                     json_t *fields);

/* Is there anybody, a file or a subscriber? If not, what an event would carry need not be built. */
bool events_heard(const struct events *e);

/* Noisy events (h2.frame, ws.message, tcp.bytes, grpc.message of a benchmark) are only built when somebody wants
 * them: ask before building. Wanted are: all if the log is verbose, else those named by events_want(). */
bool events_wanted(const struct events *e, const char *event);
void events_want(struct events *e, const char *event);
void events_verbose(struct events *e, bool on);

/* Subscribers see each event after it was written; the object is borrowed. */
typedef void (*event_fn)(void *arg, const json_t *event);
struct event_sub;
struct event_sub *events_subscribe(struct events *e, event_fn fn, void *arg);
struct event_sub *events_unsubscribe(struct event_sub *s);
