/* net/url.Parse, as far as a KAS address needs it. */
#pragma once

struct go_url {
    char *scheme, *host /* with its port */, *hostname, *port, *path;
    char *text; /* as given */
};

/* NULL, or `parse "…": why` (freed by the caller). */
char *go_url_parse(const char *text, struct go_url *ret);
void go_url_done(struct go_url *u);
