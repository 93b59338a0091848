/* The files of fakegitlab/page/assets, as tools/embed put them into the program. */
#pragma once

#include <stddef.h>

struct asset {
    const char *name;          /* "page.css" */
    const char *type;          /* what browsers are told; NULL: a template, which nobody gets as it is */
    const unsigned char *data; /* a NUL follows */
    size_t len;
};
extern const struct asset page_assets[];
extern const size_t page_n_assets;

const struct asset *asset_find(const char *name, size_t len); /* NULL: there is none */
