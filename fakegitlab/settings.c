/* What a scenario says of this GitLab, read and checked. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "lib/base/clock.h"
#include "lib/script/schema.h"
#include "lib/script/spec.h"
#include "lib/script/version.h"

enum { SECRET_LEN = 32, SECRET_TEXT = 44 };

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

/* Standard base64 of exactly 32 bytes, as KAS wants its file. */
static bool secret_decode(const char *text, uint8_t out[SECRET_LEN])
{
    uint8_t bytes[SECRET_TEXT / 4 * 3 + 1];
    size_t n = strcspn(text, "\r\n");
    if (n != SECRET_TEXT || text[n + strspn(text + n, "\r\n")] || text[n - 1] != '=' || text[n - 2] == '=')
        return false;
    if (EVP_DecodeBlock(bytes, (const uint8_t *)text, (int)n) != SECRET_LEN + 1)
        return false;
    memcpy(out, bytes, SECRET_LEN);
    return true;
}

int settings_secret(struct gitlab *g, const char *base64, char **reterr)
{
    uint8_t secret[SECRET_LEN];
    char made[SECRET_TEXT + 1];
    if (base64 && !secret_decode(base64, secret))
        return refuse(reterr, xstrdup("gitlab.kas_secret: expected base64 of 32 bytes, such as `openssl rand -base64 32` "
                                      "makes"));
    if (!base64) {
        if (RAND_bytes(secret, SECRET_LEN) != 1)
            return refuse(reterr, xstrdup("no random numbers for a secret"));
        EVP_EncodeBlock((uint8_t *)made, secret, SECRET_LEN);
    }
    jwt_key_free(g->kas_key);
    free(g->kas_secret);
    g->kas_key = jwt_key_new(secret, SECRET_LEN);
    g->kas_secret = base64 ? xstrndup(base64, SECRET_TEXT) : xstrdup(made);
    if (g->events)
        events_secret(g->events, g->kas_secret, "kas secret");
    return 0;
}

static int read_clock(struct gitlab *g, char **reterr)
{
    const json_t *v = json_object_get(g->spec, "clock");
    if (!v || (json_is_string(v) && duration_parse_signed(json_string_value(v), &g->clock_ms) == 0))
        return 0;
    return refuse(reterr, xstrdup("gitlab.clock: expected a duration with its sign, such as \"+10m\" or \"-30s\""));
}

static int read_version(struct gitlab *g, char **reterr)
{
    const json_t *v = json_object_get(g->spec, "version");
    bool any;
    g->version = json_string_value(v);
    if (!v || (g->version && version_in(">= 0", NULL, g->version, &any) == 0 && strspn(g->version, "0123456789.")))
        return 0;
    return refuse(reterr, xstrdup("gitlab.version: expected a release such as \"14.7\", in quotes"));
}

static int read_limits(struct gitlab *g, char **reterr)
{
    const struct spec_limit list[] = {{"connections", false, 1000000, &g->limits.connections},
                                      {"header", true, 64 * 1024, &g->limits.header},
                                      {"body", true, 1024 * 1024 * 1024, &g->limits.body}};
    g->limits.body = 1024 * 1024;
    return spec_limits(json_object_get(g->spec, "limits"), "gitlab", list, ARRAY_SIZE(list), reterr);
}

static void read_gitaly(struct gitlab *g)
{
    const json_t *v = json_object_get(g->spec, "gitaly");
    const char *address = json_string_value(json_object_get(v, "address"));
    const char *token = json_string_value(json_object_get(v, "token"));
    json_t *features = json_object_get(v, "features");
    g->gitaly_info = json_pack("{ss, ss, so}", "address", address ? address : "", "token", token ? token : "",
                               "features", json_is_object(features) ? json_incref(features) : json_object());
}

static int read_licence(struct gitlab *g, char **reterr)
{
    static const char *const names[] = {"free", "premium", "ultimate"};
    const json_t *v = json_object_get(g->spec, "licence");
    if (!v)
        return 0;
    for (size_t i = 0; json_is_string(v) && i < ARRAY_SIZE(names); i++)
        if (!strcmp(json_string_value(v), names[i]))
            return store_set_licence(g->store, (enum gl_licence)i);
    return refuse(reterr, xstrdup("gitlab.licence: expected free, premium or ultimate"));
}

static int read_flags(struct gitlab *g, char **reterr)
{
    const char *flag;
    json_t *on;
    json_object_foreach (json_object_get(g->spec, "flags"), flag, on) {
        if (!json_is_boolean(on))
            return refuse(reterr, xasprintf("gitlab.flags.%s: expected true or false", flag));
        (void)store_set_flag(g->store, flag, NULL, json_is_true(on));
    }
    return 0;
}

int settings_read(struct gitlab *g, char **reterr)
{
    const json_t *secret = json_object_get(g->spec, "kas_secret");
    int r = read_version(g, reterr);
    if (r == 0)
        r = read_clock(g, reterr);
    if (r == 0)
        r = read_limits(g, reterr);
    if (r == 0)
        r = secret && !json_is_string(secret) ? settings_secret(g, "", reterr)
                                              : settings_secret(g, json_string_value(secret), reterr);
    if (r == 0)
        r = read_licence(g, reterr);
    if (r == 0)
        r = read_flags(g, reterr);
    read_gitaly(g);
    return r;
}
