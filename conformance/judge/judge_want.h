/* One expectation of the judge. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum want_kind { WANT_LOG, WANT_WIRE, NEVER_LOG, NEVER_EVENT };

struct want {
    enum want_kind kind;
    json_t *item;        /* as written, for reports */
    json_t *pattern;     /* without the keys that are ours */
    const char *who;     /* of WANT_LOG and NEVER_LOG: whose lines; NULL: anybody's. Borrowed */
    const char *event;   /* the event's name, if the pattern names one; borrowed from pattern */
    const char *exactly; /* borrowed from item, or NULL */
    int64_t at_least, at_most;
    int64_t seen;
    json_t *nearest; /* the line or event that came nearest, or for "never" the one that was seen */
    double nearness;
};

/* 0 or -EINVAL and *reterr. sut: whose lines are meant where the item does not say `who`; NULL: anybody's. */
int want_init(struct want *w, enum want_kind kind, json_t *item, const char *sut, char **reterr);
void want_done(struct want *w);
/* event: any; it is for the want to know whether it concerns it. */
void want_event(struct want *w, const json_t *event);
bool want_met(const struct want *w);
bool want_lost(const struct want *w);
json_t *want_unmet(const struct want *w); /* for the verdict */
const char *want_kind_name(enum want_kind kind);

/* Is it an event of this one? NULL: yes. */
bool is_of(const json_t *event, const char *who);
/* Does a raw log line equal `expected` byte for byte, but for the value of "time"? */
bool line_equal_but_time(const char *expected, const char *raw);
