/* Does a JSON value (an event, a log line) fit a pattern from a scenario?
 *
 *   scalar            equal
 *   {has: text}       string that contains text        {starts: t} {ends: t}
 *   {has: p}          list one item of which fits
 *   {matches: re}     string that the PCRE2 regular expression matches somewhere
 *   {any: [p, …]}     one of the patterns              {not: p}
 *   {present: bool}   {at_least: n} {at_most: n} {is: value} (equal, also objects)
 *   object            every key's pattern fits that key; keys that are not named do not matter
 *   array             same length, each fits
 * Several of these words in one object must all fit: {at_least: 2, at_most: 4}. They do not mix with keys of the value.
 * A key that is missing fits {present: false} and {not: p}, nothing else.
 * A key with dots goes down, a number into a list: "headers.user-agent", "alpn.0"; a key that has the dot itself wins.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* why: NULL or set on failure to a new string «headers.host: "a", expected "b"». */
bool match(const json_t *pattern, const json_t *value, char **why);
/* How near the value came: 0 … 1, the share of leaves that fitted. For "the nearest line was". */
double match_nearness(const json_t *pattern, const json_t *value);
/* -EINVAL and *reterr if a regular expression in the pattern is none. */
int match_check(const json_t *pattern, char **reterr);
