/* Expectations about order and time. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Patterns that must be seen one after the other. */
struct order {
    json_t *list; /* owned reference or NULL */
    const char *who; /* whose log lines are meant where a pattern does not say; NULL: anybody's. Borrowed */
    size_t n, at; /* how many, and how many have been seen */
};
int order_init(struct order *o, json_t *list, const char *who, char **reterr);
void order_done(struct order *o);
void order_event(struct order *o, const json_t *event);
bool order_met(const struct order *o);
json_t *order_unmet(const struct order *o);

/* Times between successive events that fit one pattern. */
struct schedule {
    json_t *item, *of; /* owned references */
    const char *who;   /* as that of an order */
    size_t from;       /* the first gap begins with this one, from 1 */
    size_t n_gaps;
    struct gap {
        int64_t min_ms, max_ms;
    } * gaps; /* owned */
    size_t seen;
    int64_t last_ns;
    double *measured_s; /* owned: n_gaps of them */
    size_t n_measured;
    bool wrong;
};
int schedule_init(struct schedule *s, json_t *item, const char *who, char **reterr);
void schedule_done(struct schedule *s);
void schedule_event(struct schedule *s, const json_t *event);
bool schedule_met(const struct schedule *s);
bool schedule_lost(const struct schedule *s);
json_t *schedule_unmet(const struct schedule *s);
