/* A person before the cluster: types commands, as the documentation prints them, and edits the files of their folder.
 *
 * The part `person: {files: {NAME: text, or {ca: kas}}}` is what lies in /home/person, where commands run: with a kubeconfig of
 * the cluster's administrator, and kubectl in PATH. A step's verb `person` takes one or a list of
 *   {run: "kubectl …", prints: pattern, code: pattern}   a command of the shell; code is 0 where nothing is said. `prints` is held
 *                                                        against all that it printed, without the last newline
 *   {run: "kubectl logs -f …", until: pattern}           ended as by Ctrl-C when what it has printed fits. The shell
 *                                                        becomes it; where it is the last of several, it says exec itself
 *   {edit: FILE, replace: {old: new}}                    each must be there
 * They are done one after the other, also those of a later step. Events: person.run {run}, person.ran {run, code, output},
 * person.edited {file}; person.failed {run or file, reason, output}: something was not as said. Then the row fails.
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct person;

struct person_options {
    struct loop *loop;
    struct events *events;
    const json_t *part;      /* of the row; borrowed, as all of this */
    const char *prefix;      /* of the component's files */
    const char *token, *kube_ca_pem; /* of the administrator; of the cluster. NULL: there is none */
    const char *ca_pem;      /* what {ca: kas} stands for */
};

/* -errno and *reterr. */
int person_new(const struct person_options *o, struct person **ret, char **reterr);
int person_perform(struct person *p, const json_t *what, char **reterr); /* -EINVAL and *reterr */
const char *person_failure(const struct person *p); /* why the row fails; NULL: it does not. Borrowed */
struct person *person_free(struct person *p);       /* what still runs is killed; NULL is fine; always NULL back */

/* ---- person_files.c: before the world is made ---- */

/* {manifest: PATH below fixtures/manifests, replace: {old: new}} of the row's person.files become texts. Why not, a new string;
 * NULL: done. */
char *person_files_read(json_t *row, const char *fixtures);
/* text with each `old` replaced, wherever it stands: a new string; NULL and *reterr (new): one is not there. */
char *person_replace(const char *text, const json_t *replace, char **reterr);
/* Has the row a person, who needs kubectl? Its path, a new string; NULL and *reterr with the cure. */
char *person_kubectl(char **reterr);
