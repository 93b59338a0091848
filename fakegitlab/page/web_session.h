/* A browser before the page: who looks at it, and whether what it sends is meant.
 *
 * The cookie `_gitlab_session` names a session. It is either one of the seed's, then that user looks; or any
 * other word, made here for who comes without: the first administrator looks (else the first user), since
 * people at a fake need not sign in. What changes something must bring the session's token
 * (`authenticity_token` of a form, X-CSRF-Token of a script), a MAC of the cookie under a key of this run:
 * only who can read the page has it, which another site's script cannot.
 */
#pragma once

#include <stdbool.h>

#include "fakegitlab/store.h"

enum { SESSION_KEY_LEN = 32, SESSION_TOKEN_LEN = 65 /* and its NUL */ };

struct call;
struct web_session {
    char *name; /* the cookie's value; owned */
    bool fresh; /* the browser does not have it yet */
    char token[SESSION_TOKEN_LEN];
};

/* Of the call's cookie. Sets c->session and c->user (NULL: there is no user at all). false: it brings no
 * cookie; with `make` that is never so, a session is made. */
bool web_session_read(struct call *c, bool make);
bool web_session_token_right(const struct call *c, const char *token); /* token NULL: no */
char *web_session_cookie(const struct call *c);                        /* of Set-Cookie; a new string */
void web_session_done(struct web_session *s);
