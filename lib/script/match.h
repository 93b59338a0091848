/* Does a JSON value (an event, a log line) fit a pattern from a scenario?
 *
 *   scalar            equal
 *   {has: text}       string that contains text        {starts: t} {ends: t}
 *   {matches: re}     string that the PCRE2 regular expression matches somewhere
 *   {any: [p, …]}     one of the patterns              {not: p}
 *   {present: bool}   {at_least: n} {at_most: n} {is: value} (equal, also objects)
 *   object            every key's pattern fits that key; keys that are not named do not matter
 *   array             same length, each fits
 * A key with dots goes down: "headers.user-agent".
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
