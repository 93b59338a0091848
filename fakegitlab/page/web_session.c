#include "fakegitlab/page/web_session.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "fakegitlab/hash.h"
#include "fakegitlab/internal.h"

#define COOKIE "_gitlab_session"

enum { NAME_LETTERS = 32, NAME_MAX_LEN = 4096 };

static const unsigned char *key_of(struct gitlab *g)
{
    if (!g->session_keyed && RAND_bytes(g->session_key, sizeof(g->session_key)) != 1)
        abort(); /* without chance nobody can be told apart */
    g->session_keyed = true;
    return g->session_key;
}

/* "a=b; _gitlab_session=VALUE; c=d" -> VALUE, a new string. NULL: there is none. */
static char *cookie_value(const char *header)
{
    const size_t n = sizeof(COOKIE) - 1;
    for (const char *p = header; p && *p; p += strcspn(p, ";"), p += strspn(p, "; "))
        if (!strncmp(p, COOKIE "=", n + 1)) {
            size_t len = strcspn(p + n + 1, "; ");
            return len && len < NAME_MAX_LEN ? xstrndup(p + n + 1, len) : NULL;
        }
    return NULL;
}

static const struct gl_user *first_user(const struct store *s)
{
    size_t n;
    const struct gl_user *const *all = store_users(s, &n);
    for (size_t i = 0; i < n; i++)
        if (all[i]->admin)
            return all[i];
    return n ? all[0] : NULL;
}

static void make_token(struct call *c)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const char *name = c->session.name;
    if (!HMAC(EVP_sha256(), key_of(c->g), SESSION_KEY_LEN, (const unsigned char *)name, strlen(name), mac,
              &len))
        abort();
    hex_write(mac, (SESSION_TOKEN_LEN - 1) / 2, c->session.token);
}

bool web_session_read(struct call *c, bool make)
{
    struct web_session *s = &c->session;
    s->name = cookie_value(http1_header(c->request, "cookie"));
    if (!s->name && make) {
        s->name = secret_random("", NAME_LETTERS);
        s->fresh = true;
    }
    if (!s->name)
        return false;
    c->user = store_user_by_secret(c->g->store, GL_SESSION, s->name, strlen(s->name));
    if (!c->user)
        c->user = first_user(c->g->store);
    make_token(c);
    return true;
}

bool web_session_token_right(const struct call *c, const char *token)
{
    return token && *c->session.token && strlen(token) == SESSION_TOKEN_LEN - 1 &&
           !CRYPTO_memcmp(token, c->session.token, SESSION_TOKEN_LEN - 1);
}

char *web_session_cookie(const struct call *c)
{
    return xasprintf(COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s", c->session.name,
                     c->listener->tls ? "; Secure" : "");
}

void web_session_done(struct web_session *s)
{
    free(s->name);
    s->name = NULL;
}
